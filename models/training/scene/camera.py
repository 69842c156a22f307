"""The camera: fixed on a pole or a bridge, and where a point of the scene falls in its frame."""

import math
from dataclasses import dataclass

import bpy
import numpy as np
import numpy.typing as npt

SENSOR = 36.0  # mm, the width that the focal length refers to


@dataclass(frozen=True, slots=True)
class View:
    """Metres, degrees and millimetres; `pan` is positive to the right, `tilt` positive downwards."""

    x: float = -12.5
    height: float = 6.2
    pan: float = 13.0
    tilt: float = 8.5
    roll: float = 0.4
    lens: float = 44.0
    width: int = 640
    frame_height: int = 360


def build(view: View) -> bpy.types.Object:
    """Put the camera up."""
    scene = bpy.context.scene
    camera = bpy.data.cameras.new("camera")
    camera.lens, camera.sensor_width = view.lens, SENSOR
    camera.clip_end = 2000
    mounted = bpy.data.objects.new("camera", camera)
    mounted.location = (view.x, 0, view.height)
    mounted.rotation_mode = "XYZ"
    turn = (math.radians(90 - view.tilt), math.radians(view.roll), math.radians(-view.pan))
    mounted.rotation_euler = turn
    scene.collection.objects.link(mounted)
    scene.camera = mounted
    scene.render.resolution_x, scene.render.resolution_y = view.width, view.frame_height
    return mounted


def project(camera: bpy.types.Object, points: npt.NDArray[np.float64], view: View) -> npt.NDArray[np.float64]:
    """Points (n × 3, in the scene) as n × 3: x and y as fractions of the frame, and depth in metres."""
    to_camera = np.array(camera.matrix_world.inverted())
    seen = points @ to_camera[:3, :3].T + to_camera[:3, 3]
    depth = -seen[:, 2]
    scale = view.lens / SENSOR / np.maximum(depth, 0.01)
    aspect = view.width / view.frame_height
    return np.stack((0.5 + seen[:, 0] * scale, 0.5 - seen[:, 1] * scale * aspect, depth), axis=1)
