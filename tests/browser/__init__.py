"""The review page, the sheet and the library in a real Chromium."""
