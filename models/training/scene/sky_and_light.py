"""Sky and light: sun, haze and clouds."""

import math
from dataclasses import dataclass

import bpy


@dataclass(frozen=True, slots=True)
class Weather:
    """Angles in degrees: the heading of the sun is 0 ahead of the camera, positive to the left. Clouds: 0 to 1."""

    sun_elevation: float = 38.0
    sun_heading: float = 125.0
    clouds: float = 0.4
    exposure: float = 0.3


def build(weather: Weather) -> None:
    """Add sky and sun to the scene."""
    scene = bpy.context.scene
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_settings.exposure = weather.exposure
    elevation, heading = math.radians(weather.sun_elevation), math.radians(weather.sun_heading)
    world = bpy.data.worlds.new("sky")
    scene.world = world
    nodes, links = world.node_tree.nodes, world.node_tree.links
    sky = nodes.new("ShaderNodeTexSky")
    sky.sky_type = "MULTIPLE_SCATTERING"
    sky.sun_disc = False
    sky.sun_elevation, sky.sun_rotation = elevation, -heading
    sky.air_density, sky.aerosol_density = 1.0, 2.0 + 3.0 * weather.clouds
    place, cloud, cover, mix = (nodes.new(f"ShaderNode{kind}") for kind in ("TexCoord", "TexNoise", "ValToRGB", "Mix"))
    flat = nodes.new("ShaderNodeMapping")
    flat.inputs["Scale"].default_value = (1.6, 1.6, 7.0)  # flattens clouds near the horizon
    cloud.inputs["Scale"].default_value, cloud.inputs["Detail"].default_value = 1.5, 8.0
    start = 0.72 - 0.45 * weather.clouds
    cover.color_ramp.elements[0].position, cover.color_ramp.elements[1].position = start, start + 0.28
    mix.data_type = "RGBA"
    grey = 9.0 * (0.35 + 0.65 * math.sin(elevation))
    mix.inputs[7].default_value = (grey, grey * 1.01, grey * 1.03, 1)
    links.new(place.outputs["Generated"], flat.inputs["Vector"])
    links.new(flat.outputs["Vector"], cloud.inputs["Vector"])
    links.new(cloud.outputs[0], cover.inputs[0])
    links.new(cover.outputs[0], mix.inputs[0])
    links.new(sky.outputs[0], mix.inputs[6])
    links.new(mix.outputs[2], nodes["Background"].inputs[0])
    nodes["Background"].inputs[1].default_value = 0.11
    sun = bpy.data.lights.new("sun", "SUN")
    sun.energy = 5.0 * (1 - 0.85 * weather.clouds**3) * min(1.0, 0.35 + elevation)
    sun.angle = math.radians(1.0 + 12.0 * weather.clouds**3)  # softer shadows with more clouds
    low = max(0.0, 1 - weather.sun_elevation / 35)
    sun.color = (1.0, 0.95 - 0.2 * low, 0.88 - 0.38 * low)
    lamp = bpy.data.objects.new("sun", sun)
    lamp.rotation_euler = (math.pi / 2 - elevation, 0, math.pi + heading)
    scene.collection.objects.link(lamp)
