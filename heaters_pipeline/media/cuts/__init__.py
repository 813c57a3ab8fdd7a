"""Finding cuts and other transitions in thumbnails. Nothing here decodes a video."""
