"""Settings, and the command line, environment and TOML file that they come from."""
