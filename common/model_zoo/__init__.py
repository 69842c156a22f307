"""Models by name: the catalogue, downloads, and the files that names stand for."""
