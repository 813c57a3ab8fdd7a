"""Pure rules: states, frame ranges, review actions. No I/O, no SQL, no Dagster."""
