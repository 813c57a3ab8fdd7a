"""Resumable uploads: the tus protocol and the folder of uploads in progress."""
