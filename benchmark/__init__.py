"""The benchmark: measures the app from outside, as a viewer receives it, next to what the machine can do at best."""
