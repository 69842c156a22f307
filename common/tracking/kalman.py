"""Constant-velocity Kalman filter for boxes, one independent filter for each coordinate of each track."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]

# Standard deviations as fractions of the height of the box, as in SORT and ByteTrack, which scale noise by the height.
POSITION_NOISE = 0.05  # of a measured centre or side
INITIAL_VELOCITY_NOISE = 2.0  # per second: a vehicle may cross its own height twice in a second
ACCELERATION_NOISE = 1.0  # per second squared, white noise


class BoxFilter:
    """State of one box: centre x, centre y, width and height, each with its rate of change per second.

    The four coordinates are filtered independently: white-noise acceleration, position measured (Bar-Shalom, Li and
    Kirubarajan, Estimation with Applications to Tracking and Navigation, section 6.3.2).
    """

    def __init__(self, box: Array) -> None:
        """`box` is x1, y1, x2, y2 in any unit."""
        self._position = _centre_form(box)
        self._velocity = np.zeros(4)
        height = self._position[3]
        self._variance = np.full(4, (POSITION_NOISE * height) ** 2)
        self._covariance = np.zeros(4)
        self._velocity_variance = np.full(4, (INITIAL_VELOCITY_NOISE * height) ** 2)

    @property
    def box(self) -> Array:
        """The estimated box, x1, y1, x2, y2."""
        centre, half = self._position[:2], self._position[2:] / 2
        return np.concatenate((centre - half, centre + half))

    def predict(self, step_s: float) -> None:
        """Advance the state by `step_s` seconds."""
        noise = (ACCELERATION_NOISE * self._position[3]) ** 2
        self._position = self._position + step_s * self._velocity
        self._position[2:] = np.maximum(self._position[2:], 1e-6)
        self._variance = (
            self._variance + 2 * step_s * self._covariance + step_s**2 * self._velocity_variance + noise * step_s**3 / 3
        )
        self._covariance = self._covariance + step_s * self._velocity_variance + noise * step_s**2 / 2
        self._velocity_variance = self._velocity_variance + noise * step_s

    def update(self, box: Array) -> None:
        """Correct the state by a measured box, x1, y1, x2, y2."""
        measured = _centre_form(box)
        innovation = measured - self._position
        total = self._variance + (POSITION_NOISE * measured[3]) ** 2
        gain, velocity_gain = self._variance / total, self._covariance / total
        self._position = self._position + gain * innovation
        self._velocity = self._velocity + velocity_gain * innovation
        self._velocity_variance = self._velocity_variance - velocity_gain * self._covariance
        self._covariance = (1 - gain) * self._covariance
        self._variance = (1 - gain) * self._variance


def _centre_form(box: Array) -> Array:
    """x1, y1, x2, y2 as centre x, centre y, width, height."""
    low, high = box[:2], box[2:]
    return np.concatenate(((low + high) / 2, np.maximum(high - low, 1e-6)))
