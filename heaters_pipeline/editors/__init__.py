"""Timelines out and cut lists in: values to text, and text to values. No files, no SQL."""
