"""Events: few, in order, and not lost."""
