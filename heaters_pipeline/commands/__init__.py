"""Commands of `heaters` that have a module of their own."""
