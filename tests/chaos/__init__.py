"""Chaos tests: faults in random order against a running app, their effect on viewers, and leaks."""
