"""Databases as released versions left them, with a few rows in each table: plain SQL, one file for
each schema that somebody may have. `make.py` makes the file of a new one."""
