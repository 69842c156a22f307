"""Chaos: faults in random order against the real app, what its viewers see of them, and what they leave behind."""
