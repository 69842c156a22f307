"""Materials by name: paint with clear coat, glass, rubber, asphalt, grass, foliage, facades."""

from collections.abc import Callable

import bpy

Colour = tuple[float, float, float]

# name: base colour (linear), roughness, metallic, clear coat, emission
PLAIN: dict[str, tuple[Colour, float, float, float, float]] = {
    "glass": ((0.012, 0.016, 0.018), 0.04, 0.0, 1.0, 0.0),
    "rubber": ((0.012, 0.012, 0.013), 0.75, 0.0, 0.0, 0.0),
    "rim": ((0.42, 0.43, 0.45), 0.3, 0.9, 0.0, 0.0),
    "steel": ((0.32, 0.33, 0.34), 0.45, 0.8, 0.0, 0.0),
    "chrome": ((0.7, 0.7, 0.72), 0.12, 1.0, 0.0, 0.0),
    "black": ((0.015, 0.015, 0.016), 0.45, 0.0, 0.0, 0.0),
    "seam": ((0.004, 0.004, 0.004), 0.9, 0.0, 0.0, 0.0),
    "arch": ((0.004, 0.004, 0.004), 1.0, 0.0, 0.0, 0.0),
    "headlamp": ((0.62, 0.66, 0.7), 0.08, 0.3, 1.0, 0.25),
    "daylight": ((1.0, 0.97, 0.9), 0.1, 0.0, 0.0, 3.0),
    "tail_lamp": ((0.35, 0.008, 0.006), 0.12, 0.0, 1.0, 0.35),
    "amber": ((0.8, 0.25, 0.01), 0.2, 0.0, 1.0, 0.2),
    "plate": ((0.75, 0.75, 0.72), 0.5, 0.0, 0.0, 0.0),
    "canvas": ((0.62, 0.62, 0.6), 0.55, 0.0, 0.0, 0.0),
    "chassis": ((0.02, 0.02, 0.021), 0.7, 0.2, 0.0, 0.0),
    "display": ((1.0, 0.42, 0.04), 0.5, 0.0, 0.0, 1.6),
    "skin": ((0.42, 0.24, 0.16), 0.55, 0.0, 0.0, 0.0),
    "denim": ((0.03, 0.05, 0.1), 0.9, 0.0, 0.0, 0.0),
    "leather": ((0.015, 0.014, 0.014), 0.5, 0.0, 0.0, 0.0),
    "hair": ((0.03, 0.018, 0.01), 0.7, 0.0, 0.0, 0.0),
    "line": ((0.62, 0.62, 0.6), 0.7, 0.0, 0.0, 0.0),
    "pole": ((0.26, 0.28, 0.28), 0.4, 0.7, 0.0, 0.0),
    "bark": ((0.06, 0.045, 0.03), 0.95, 0.0, 0.0, 0.0),
    "sign_blue": ((0.01, 0.07, 0.3), 0.4, 0.0, 0.0, 0.0),
    "sign_white": ((0.8, 0.8, 0.78), 0.4, 0.0, 0.0, 0.0),
    "roof_tile": ((0.16, 0.06, 0.04), 0.85, 0.0, 0.0, 0.0),
    "roof_flat": ((0.12, 0.12, 0.125), 0.9, 0.0, 0.0, 0.0),
}

# name: two colours, size of the larger pattern (per metre), roughness
MOTTLED: dict[str, tuple[Colour, Colour, float, float]] = {
    "grass": ((0.035, 0.06, 0.014), (0.115, 0.12, 0.035), 0.35, 0.95),
    "concrete": ((0.3, 0.29, 0.27), (0.42, 0.41, 0.38), 0.8, 0.85),
    "hill": ((0.03, 0.06, 0.02), (0.09, 0.11, 0.05), 0.02, 1.0),
    "cycle_lane": ((0.2, 0.05, 0.035), (0.26, 0.075, 0.05), 0.9, 0.85),
}


def get(name: str) -> bpy.types.Material:
    """Return a material by name, created on first use. Raises KeyError for an unknown name."""
    existing = bpy.data.materials.get(name)
    if existing is not None:
        return existing
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    if name in PLAIN:
        _plain(material, PLAIN[name])
    elif name in MOTTLED:
        _mottled(material, *MOTTLED[name])
    else:
        MADE[name](material)
    return material


def _plain(material: bpy.types.Material, values: tuple[Colour, float, float, float, float]) -> None:
    colour, roughness, metallic, coat, glow = values
    inputs = _surface(material).inputs
    inputs["Base Color"].default_value = (*colour, 1)
    inputs["Roughness"].default_value = roughness
    inputs["Metallic"].default_value = metallic
    inputs["Coat Weight"].default_value = coat
    inputs["Emission Color"].default_value = (*colour, 1)
    inputs["Emission Strength"].default_value = glow


def _surface(material: bpy.types.Material) -> bpy.types.Node:
    return material.node_tree.nodes["Principled BSDF"]


def _node(material: bpy.types.Material, kind: str, **values: object) -> bpy.types.Node:
    node = material.node_tree.nodes.new(kind)
    for name, value in values.items():
        node.inputs[name.replace("_", " ")].default_value = value
    return node


def _link(material: bpy.types.Material, output: bpy.types.NodeSocket, to: bpy.types.NodeSocket) -> None:
    material.node_tree.links.new(output, to)


def _noise(material: bpy.types.Material, scale: float, stretch: Colour = (1, 1, 1)) -> bpy.types.NodeSocket:
    """Return noise between 0 and 1 in object coordinates."""
    place = _node(material, "ShaderNodeTexCoord")
    mapping = _node(material, "ShaderNodeMapping", Scale=stretch)
    noise = _node(material, "ShaderNodeTexNoise", Scale=scale, Detail=5.0)
    _link(material, place.outputs["Object"], mapping.inputs["Vector"])
    _link(material, mapping.outputs["Vector"], noise.inputs["Vector"])
    return noise.outputs[0]


def _ramp(
    material: bpy.types.Material,
    value: bpy.types.NodeSocket,
    low: Colour,
    high: Colour,
    between: tuple[float, float] = (0.35, 0.68),
) -> bpy.types.NodeSocket:
    ramp = _node(material, "ShaderNodeValToRGB")
    for element, position, colour in zip(ramp.color_ramp.elements, between, (low, high), strict=True):
        element.position = position
        element.color = (*colour, 1)
    _link(material, value, ramp.inputs[0])
    return ramp.outputs[0]


def _times(material: bpy.types.Material, a: bpy.types.NodeSocket, b: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    mix = material.node_tree.nodes.new("ShaderNodeMix")
    mix.data_type, mix.blend_type = "RGBA", "MULTIPLY"
    mix.inputs[0].default_value = 1.0
    _link(material, a, mix.inputs[6])
    _link(material, b, mix.inputs[7])
    return mix.outputs[2]


def _mottled(material: bpy.types.Material, low: Colour, high: Colour, scale: float, roughness: float) -> None:
    broad = _ramp(material, _noise(material, scale), low, high)
    fine = _ramp(material, _noise(material, scale * 23), (0.62, 0.62, 0.62), (1.2, 1.2, 1.2))
    _link(material, _times(material, broad, fine), _surface(material).inputs["Base Color"])
    _surface(material).inputs["Roughness"].default_value = roughness


def _paint(material: bpy.types.Material) -> None:
    """Car paint in the colour of the object, so that cars of one shape share a mesh."""
    own = _node(material, "ShaderNodeObjectInfo")
    inputs = _surface(material).inputs
    _link(material, own.outputs["Color"], inputs["Base Color"])
    inputs["Metallic"].default_value = 0.25
    inputs["Roughness"].default_value = 0.32
    inputs["Coat Weight"].default_value = 1.0
    inputs["Coat Roughness"].default_value = 0.04


def _cloth(material: bpy.types.Material) -> None:
    own = _node(material, "ShaderNodeObjectInfo")
    _link(material, own.outputs["Color"], _surface(material).inputs["Base Color"])
    _surface(material).inputs["Roughness"].default_value = 0.85


def _asphalt(material: bpy.types.Material) -> None:
    """Grey with stones, long streaks along the wheel tracks, and dark repair patches."""
    stone = _ramp(material, _noise(material, 14), (0.8, 0.8, 0.8), (1.15, 1.15, 1.15))
    streaks = _ramp(
        material, _noise(material, 0.9, (1.0, 0.02, 1.0)), (0.078, 0.077, 0.076), (0.125, 0.122, 0.118), (0.38, 0.62)
    )
    repairs = _ramp(material, _noise(material, 0.12), (0.66, 0.66, 0.67), (1.0, 1.0, 1.0), (0.36, 0.4))
    _link(
        material, _times(material, _times(material, streaks, stone), repairs), _surface(material).inputs["Base Color"]
    )
    _surface(material).inputs["Roughness"].default_value = 0.82


def _paving(material: bpy.types.Material) -> None:
    place = _node(material, "ShaderNodeTexCoord")
    slabs = _node(
        material,
        "ShaderNodeTexBrick",
        Scale=1.6,
        Color1=(0.27, 0.26, 0.245, 1),
        Color2=(0.33, 0.32, 0.3, 1),
        Mortar=(0.16, 0.155, 0.15, 1),
    )
    slabs.inputs["Mortar Size"].default_value = 0.015
    _link(material, place.outputs["Object"], slabs.inputs["Vector"])
    _link(material, slabs.outputs["Color"], _surface(material).inputs["Base Color"])
    _surface(material).inputs["Roughness"].default_value = 0.85


def _leaf(material: bpy.types.Material) -> None:
    """A random green for each leaf and a random tint for each tree."""
    shape = _node(material, "ShaderNodeNewGeometry")
    own = _node(material, "ShaderNodeObjectInfo")
    green = _ramp(material, shape.outputs["Random Per Island"], (0.028, 0.06, 0.012), (0.1, 0.14, 0.03), (0.0, 1.0))
    tint = _ramp(material, own.outputs["Random"], (0.75, 0.85, 0.7), (1.15, 1.05, 0.9), (0.0, 1.0))
    _link(material, _times(material, green, tint), _surface(material).inputs["Base Color"])
    _surface(material).inputs["Roughness"].default_value = 0.6


def _facade(material: bpy.types.Material) -> None:
    """A wall in the colour of the object, in storeys of 3 m with a window every 2.6 m (UV in metres)."""
    place = _node(material, "ShaderNodeUVMap")
    bays = _node(
        material,
        "ShaderNodeTexBrick",
        Scale=1.0,
        Color1=(0, 0, 0, 1),
        Color2=(0.06, 0.06, 0.06, 1),
        Mortar=(1, 1, 1, 1),
    )
    bays.offset = 0.0
    for name, value in (("Mortar Size", 0.75), ("Brick Width", 2.6), ("Row Height", 3.0), ("Mortar Smooth", 0.02)):
        bays.inputs[name].default_value = value
    own = _node(material, "ShaderNodeObjectInfo")
    mix = material.node_tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    _link(material, place.outputs[0], bays.inputs["Vector"])
    _link(material, bays.outputs["Fac"], mix.inputs[0])
    mix.inputs[6].default_value = (0.022, 0.027, 0.032, 1)
    _link(material, own.outputs["Color"], mix.inputs[7])
    _link(material, mix.outputs[2], _surface(material).inputs["Base Color"])
    _link(
        material,
        _ramp(material, bays.outputs["Fac"], (0.06, 0.06, 0.06), (0.85, 0.85, 0.85), (0.0, 1.0)),
        _surface(material).inputs["Roughness"],
    )


MADE: dict[str, Callable[[bpy.types.Material], None]] = {
    "paint": _paint,
    "cloth": _cloth,
    "asphalt": _asphalt,
    "paving": _paving,
    "leaf": _leaf,
    "facade": _facade,
}
