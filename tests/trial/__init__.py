"""A trial of several cameras and processors: the rate of each, the cause of each drop, and the end of each role."""
