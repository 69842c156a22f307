"""Measuring instruments: a running app, viewers, CPU usage, queues, and a baseline of the machine."""
