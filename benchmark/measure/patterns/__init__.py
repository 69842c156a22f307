"""Patterns to send the frames of one producer to many consumers, each a process that takes frames at its own rate."""
