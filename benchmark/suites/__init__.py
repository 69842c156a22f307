"""The suites: what is run, in which order, and with which settings."""
