"""Preprocessing: from a frame to the image input of a model."""
