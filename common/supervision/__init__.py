"""Start, monitor, restart and stop the roles."""
