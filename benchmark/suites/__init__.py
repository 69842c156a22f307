"""Suites of runs: `bench pipeline`, `bench transport`, `bench viewers`."""
