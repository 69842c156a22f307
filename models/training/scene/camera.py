"""The fixed camera of a scene, and the projection of points into its frame."""

import math
from dataclasses import dataclass

import bpy
import numpy as np
import numpy.typing as npt

SENSOR = 36.0  # mm: sensor width to which the focal length refers


@dataclass(frozen=True, slots=True)
class View:
    """Position in metres, angles in degrees, `lens` in mm. `pan` is positive to the right, `tilt` downwards."""

    x: float = -12.5
    height: float = 6.2
    pan: float = 13.0
    tilt: float = 8.5
    roll: float = 0.4
    lens: float = 44.0
    width: int = 640
    frame_height: int = 360


def build(view: View) -> bpy.types.Object:
    """Add the camera to the scene and return it."""
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
    """Project points (n × 3, world) to n × 3: x and y as fractions of the frame, and depth in metres."""
    to_camera = np.array(camera.matrix_world.inverted())
    local = points @ to_camera[:3, :3].T + to_camera[:3, 3]
    depth = -local[:, 2]
    scale = view.lens / SENSOR / np.maximum(depth, 0.01)
    aspect = view.width / view.frame_height
    return np.stack((0.5 + local[:, 0] * scale, 0.5 - local[:, 1] * scale * aspect, depth), axis=1)
