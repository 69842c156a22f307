"""A scene in Blender, composed of layout, weather, view and traffic, at a given time."""

import random
from dataclasses import dataclass

import bpy

from . import camera, road, sky_and_light, surroundings, traffic
from .camera import View
from .fleet import RoadUser
from .layout import RoadLayout
from .sky_and_light import Weather
from .traffic import Trip


@dataclass(frozen=True, slots=True)
class Setting:
    """Parameters of a scene; equal settings give equal scenes. `period` is in seconds."""

    seed: int
    layout: RoadLayout
    weather: Weather
    view: View
    period: float = 20.0
    vehicles: int = 44
    bicycles: int = 3
    walking: int = 0
    standing: int = 4


class Scene:
    """The scene in Blender, which holds one at a time."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        bpy.ops.wm.read_factory_settings(use_empty=True)
        # Separate random numbers for each part: one more tree does not change the traffic.
        parts = ("road", "surroundings", "traffic")
        rngs = [random.Random(f"{setting.seed} {part}") for part in parts]  # noqa: S311 - not used for security
        road.build(setting.layout, rngs[0])
        surroundings.build(setting.layout, rngs[1])
        sky_and_light.build(setting.weather)
        self.camera = camera.build(setting.view)
        self.users: list[RoadUser] = []
        # The passage that each road user makes: the number of its trip, and that of the passage. It stays the same
        # while the road user is in view.
        self.passages: list[tuple[int, int]] = []
        self._trips: list[tuple[int, Trip, int]] = []
        trips = traffic.plan(
            setting.layout,
            rngs[2],
            period=setting.period,
            vehicles=setting.vehicles,
            bicycles=setting.bicycles,
            walking=setting.walking,
            standing=setting.standing,
        )
        for index, trip in enumerate(trips):
            for copy in range(traffic.copies(trip, setting.layout, setting.period)):
                self._trips.append((index, trip, copy))
                # Number 0 is everything else.
                self.users.append(RoadUser(trip.kind, trip.colour, trip.size, len(self.users) + 1))

    def move_to(self, time: float) -> None:
        """Move all road users to their places at `time`, in seconds."""
        layout, period = self.setting.layout, self.setting.period
        self.passages = [(index, traffic.passage(trip, copy, time, period)) for index, trip, copy in self._trips]
        for user, (_, trip, copy) in zip(self.users, self._trips, strict=True):
            seen = traffic.state(trip, copy, time, layout, period)
            x, y, heading = layout.place(seen.along, seen.offset)
            user.put(x, y, trip.height, heading + seen.heading, seen.way)
        bpy.context.view_layer.update()

    def hide_traffic(self) -> None:
        """Exclude all road users from rendering."""
        for user in self.users:
            for part in user.parts:
                part.hide_render = True
