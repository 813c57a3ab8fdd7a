"""Fetching source videos: yt-dlp behind a network guard, resumable, checked."""
