"""A road with its traffic, built and rendered with Blender: the bundled clip, and training images with boxes."""
