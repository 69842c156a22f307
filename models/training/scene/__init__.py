"""A road with its traffic, built and rendered with Blender: the bundled clip, and training pictures with boxes."""
