"""Settings, read from the command line, the environment and a TOML file."""
