"""Measurements: counts, durations, and the state of the machine."""
