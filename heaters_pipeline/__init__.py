"""Heaters: long videos in, human-approved clips out."""
