"""Reading footage: running ffmpeg, probing files, filters, checksums, damage."""
