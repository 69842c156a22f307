"""Model formats: what a model takes and what its outputs mean, one file for each."""
