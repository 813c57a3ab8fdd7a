"""Starting and stopping: the processes of Heaters, its Postgres, and the check of a machine."""
