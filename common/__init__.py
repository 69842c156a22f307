"""Everything that is the same in both implementations."""
