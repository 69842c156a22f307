"""Tracker: gives the detections of one object in successive frames the same track id."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.tracking.association import match, overlap
from common.tracking.kalman import Array, BoxFilter

LOST_S = 1.5  # a track without a detection for longer ends
HIGH_SCORE_MARGIN = 0.1  # above the confidence threshold: the score that separates the two stages
NEW_TRACK_MARGIN = 0.15  # above the confidence threshold: the lowest score that begins a track
MARGIN = 0.3  # of the width and height of a box, added on each side for the association
MIN_OVERLAP = 0.15  # of a prediction and a detection of high score, margins included
MIN_OVERLAP_LOW = 0.4  # of a prediction and a detection of low score, which is more often a false positive
OTHER_LABEL = 0.6  # factor for the overlap of different labels: the label of a vehicle may change for some frames


@dataclass
class Track:
    """One object over time."""

    track_id: int
    label: str
    filter: BoxFilter
    seen_at_s: float


class Tracker:
    """Two-stage association with a constant-velocity Kalman filter, as in ByteTrack.

    Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022: detections of high
    score are associated first, those of low score then continue tracks that are still without one, so that an object
    that is partly hidden keeps its track.
    """

    def __init__(self, min_score: float) -> None:
        """`min_score` is the score of the least certain detection that is given to `update`."""
        self._high_score = min_score + HIGH_SCORE_MARGIN
        self._new_track_score = min_score + NEW_TRACK_MARGIN
        self._tracks: list[Track] = []
        self._next_id = 1
        self._at_s: float | None = None

    def update(self, at_s: float, boxes: Array, scores: Array, labels: Sequence[str]) -> list[int | None]:
        """Return the track id of each detection of a frame taken at `at_s` seconds, None for one without a track.

        `boxes` is n × 4 (x1, y1, x2, y2 in any unit), `scores` has n values. Frames come in the order of their times; a
        frame that is not later than the one before, as after a clock was set back, ends all tracks.
        """
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        self._advance(at_s)
        assigned: list[Track | None] = [None] * len(boxes)
        high = [index for index, score in enumerate(scores) if score >= self._high_score]
        low = [index for index, score in enumerate(scores) if score < self._high_score]
        free = self._associate(self._tracks, high, boxes, labels, assigned, MIN_OVERLAP)
        self._associate(free, low, boxes, labels, assigned, MIN_OVERLAP_LOW)
        for index, track in enumerate(assigned):
            if track is not None:
                track.filter.update(boxes[index])
                track.seen_at_s = at_s
        for index in high:
            if assigned[index] is None and scores[index] >= self._new_track_score:
                assigned[index] = self._begin(at_s, boxes[index], labels[index])
        return [None if track is None else track.track_id for track in assigned]

    def _advance(self, at_s: float) -> None:
        """Predict all tracks to `at_s`, and end those that were not seen for LOST_S."""
        if self._at_s is not None and at_s <= self._at_s:
            self._tracks.clear()
        step_s = at_s - self._at_s if self._at_s is not None else 0.0
        self._at_s = at_s
        self._tracks = [track for track in self._tracks if at_s - track.seen_at_s <= LOST_S]
        for track in self._tracks:
            track.filter.predict(step_s)

    def _associate(
        self,
        tracks: list[Track],
        indices: list[int],
        boxes: Array,
        labels: Sequence[str],
        assigned: list[Track | None],
        at_least: float,
    ) -> list[Track]:
        """Assign detections to tracks; return the tracks that are left without one."""
        if not tracks or not indices:
            return tracks
        similarity = overlap(np.array([track.filter.box for track in tracks]), boxes[indices], MARGIN)
        same = np.array([[track.label == labels[index] for index in indices] for track in tracks])
        pairs = match(np.where(same, similarity, OTHER_LABEL * similarity), at_least)
        for row, column in pairs:
            assigned[indices[column]] = tracks[row]
        taken = {row for row, _ in pairs}
        return [track for row, track in enumerate(tracks) if row not in taken]

    def _begin(self, at_s: float, box: Array, label: str) -> Track:
        track = Track(self._next_id, label, BoxFilter(box), at_s)
        self._next_id += 1
        self._tracks.append(track)
        return track
