"""Models by name: the catalogue, downloads, and resolving a name to a file."""
