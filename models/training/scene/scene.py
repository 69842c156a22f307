"""A scene: layout, weather, view and traffic put together, and moved to a moment."""

import random
from dataclasses import dataclass

import bpy

from . import camera, road, sky_and_light, surroundings, traffic
from .camera import View
from .fleet import RoadUser
from .layout import Layout
from .sky_and_light import Weather
from .traffic import Trip


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that a scene is made from; the same setting gives the same scene. `period` in seconds."""

    seed: int
    layout: Layout
    weather: Weather
    view: View
    period: float = 20.0
    vehicles: int = 44
    bicycles: int = 3
    standing: int = 4


class Scene:
    """The scene in Blender; there is one at a time."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        bpy.ops.wm.read_factory_settings(use_empty=True)
        # Each part draws from its own numbers, so that a tree more does not change the traffic.
        parts = ("road", "surroundings", "traffic")
        rngs = [random.Random(f"{setting.seed} {part}") for part in parts]  # noqa: S311 - no secret
        road.build(setting.layout, rngs[0])
        surroundings.build(setting.layout, rngs[1])
        sky_and_light.build(setting.weather)
        self.camera = camera.build(setting.view)
        self.users: list[RoadUser] = []
        self._trips: list[tuple[Trip, int]] = []
        trips = traffic.plan(
            setting.layout,
            rngs[2],
            period=setting.period,
            vehicles=setting.vehicles,
            bicycles=setting.bicycles,
            standing=setting.standing,
        )
        for trip in trips:
            for copy in range(traffic.copies(trip, setting.layout, setting.period)):
                self._trips.append((trip, copy))
                # Number 0 is everything that is no road user.
                self.users.append(RoadUser(trip.kind, trip.colour, len(self.users) + 1))

    def move_to(self, time: float) -> None:
        """Put everybody where they are at `time`, in seconds."""
        layout = self.setting.layout
        for user, (trip, copy) in zip(self.users, self._trips, strict=True):
            seen = traffic.state(trip, copy, time, layout, self.setting.period)
            x, y, heading = layout.place(seen.along, seen.offset)
            user.put(x, y, trip.height, heading + seen.heading, seen.way)
        bpy.context.view_layer.update()

    def hide_traffic(self) -> None:
        """Leave the road empty."""
        for user in self.users:
            for part in user.parts:
                part.hide_render = True
