"""Which frames show again what other frames show, by thumbnails alone. No ffmpeg, no SQL."""
