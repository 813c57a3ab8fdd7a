"""Rows and footage as JSON, bytes and text. No requests."""
