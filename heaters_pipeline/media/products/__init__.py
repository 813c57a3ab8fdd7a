"""Products of a source video: gold master, review proxy, sprites, sound levels, thumbnails, frame
index."""
