"""ffmpeg, PyAV, yt-dlp, OpenCV, sentence-transformers: files in, files and facts out.
No SQL, no Dagster."""
