"""Rendering: images of a scene, and the number of the road user in each pixel."""

from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Vector

from . import camera
from .images import read_ids
from .scene import Scene

Area = tuple[int, int, int, int]  # left, top, right, bottom, in pixels
MARGIN = 14  # px around all road users, for shadows and for blending


def set_up(samples: int, ids: Path) -> None:
    """Configure the renderer; `ids` is the folder of the road user numbers."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.use_persistent_data = True
    scene.render.use_crop_to_border = True
    cycles = scene.cycles
    # The same seed for all frames: static parts keep their noise, and do not flicker after denoising.
    cycles.device, cycles.samples, cycles.use_denoising, cycles.seed = "CPU", samples, True, 1
    cycles.use_adaptive_sampling = False
    # Outdoors one diffuse bounce is enough; with only sun and sky a light tree is not needed.
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 2, 1, 2
    cycles.use_light_tree = False
    cycles.denoising_prefilter, cycles.denoising_quality = "FAST", "BALANCED"
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    bpy.context.view_layer.use_pass_object_index = True
    tree = bpy.data.node_groups.new("output", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    layers, output = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("NodeGroupOutput")
    tree.links.new(layers.outputs["Image"], output.inputs[0])
    file = tree.nodes.new("CompositorNodeOutputFile")
    file.directory, file.file_name = str(ids), ""
    file.format.media_type = "IMAGE"
    # Half floats represent integers up to 2048 exactly, more than there are road users.
    file.format.file_format, file.format.color_depth = "OPEN_EXR", "16"
    file.file_output_items.new("FLOAT", "ids")
    tree.links.new(layers.outputs["Object Index"], file.inputs[0])
    scene.compositing_node_group = tree


def set_samples(samples: int) -> None:
    """Set the number of samples per pixel."""
    bpy.context.scene.cycles.samples = samples


def limit_to(area: Area | None) -> None:
    """Render only this area of the frame, or all of it with None."""
    render = bpy.context.scene.render
    render.use_border = area is not None
    if area is not None:
        left, top, right, bottom = area
        width, height = render.resolution_x, render.resolution_y
        render.border_min_x, render.border_max_x = (left + 0.01) / width, (right + 0.01) / width
        render.border_min_y, render.border_max_y = 1 - (bottom - 0.01) / height, 1 - (top - 0.01) / height


def render(image: Path, ids: Path) -> None:
    """Render the current scene to a PNG and the numbers to a 16-bit PNG. `image` is written atomically, after `ids`."""
    scene = bpy.context.scene
    unfinished = image.with_name(f"unfinished {image.name}")
    scene.render.filepath = str(unfinished)
    bpy.ops.render.render(write_still=True)
    cv2.imwrite(str(ids), read_ids(ids.parent / "ids.exr"))
    unfinished.replace(image)


def moving_area(scene: Scene, times: list[float]) -> Area:
    """Return the area of the frame that road users cover at any of `times`."""
    view = scene.setting.view
    low, high = np.ones(2), np.zeros(2)
    for time in times:
        scene.move_to(time)
        for user in scene.users:
            box = np.array([user.body.matrix_world @ Vector(corner) for corner in user.body.bound_box])
            seen = camera.project(scene.camera, box, view)
            inside = (seen[:, 2] > 1) & (np.abs(seen[:, :2] - 0.5) < 0.75).all(axis=1)
            if inside.all():
                low, high = np.minimum(low, seen[:, :2].min(axis=0)), np.maximum(high, seen[:, :2].max(axis=0))
    size = np.array((view.width, view.frame_height))
    left, top = np.maximum(np.floor(low * size) - MARGIN, 0).astype(int)
    right, bottom = np.minimum(np.ceil(high * size) + MARGIN, size).astype(int)
    return int(left), int(top), int(right), int(bottom)
