"""Sinks: where events and values leave the app, in a role of its own."""
