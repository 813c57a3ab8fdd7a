"""Datasets out: clips as the files that machine learning reads. No SQL."""
