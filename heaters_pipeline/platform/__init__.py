"""What Heaters stands on: its scratch space, its Postgres, its processes."""
