"""The instruments: a running app, a viewer, the load and the limits of the machine."""
