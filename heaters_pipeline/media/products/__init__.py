"""Products of a source video: gold master, review proxy, sprites, thumbnails, frame index."""
