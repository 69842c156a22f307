"""Non-maximum suppression: of boxes that show the same object, keep the best."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from common.detection.boxes import Floats, Integers
from common.messaging.messages import Detection

# Maximum number of boxes that NMS keeps: at a threshold of 0 every cell of a grid is a candidate.
MAX_BOXES = 300
# Above this IoU two boxes show one object, whatever their labels. Two vehicles in a queue, or a rider and a bicycle,
# overlap less.
SAME_OBJECT_IOU = 0.8


def nms(boxes: Floats, scores: Floats, class_ids: Integers, max_iou: float, limit: int = MAX_BOXES) -> Integers:
    """NMS within each class: the indices of the boxes to keep, best first, `limit` at most.

    Greedy: the box with the highest score is kept, and others of its class with an IoU above `max_iou` are removed.
    `boxes` is n × 4 (x1, y1, x2, y2), each with an area, in any unit, since IoU has none. OpenCV's implementation took
    a fifth of the time of one in NumPy, from 20 candidates to 8,400.
    """
    if not len(boxes):
        return np.empty(0, np.intp)
    corner_and_size = np.hstack((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]))
    find: Any = cv2.dnn.NMSBoxesBatched  # its type stub accepts lists only
    kept = find(corner_and_size, scores, class_ids.astype(np.int32), -1.0, max_iou)
    return np.asarray(kept, np.intp)[:limit]


def class_agnostic_nms(detections: Sequence[Detection]) -> list[Detection]:
    """NMS over all classes at SAME_OBJECT_IOU: the detections to keep, best first.

    A model does NMS within each class, so that it may find a van as a car and as a truck.
    """
    boxes = np.array([detection.box for detection in detections], np.float32).reshape(-1, 4)
    scores = np.array([detection.score for detection in detections], np.float32)
    kept = nms(boxes, scores, np.zeros(len(boxes), np.intp), SAME_OBJECT_IOU)
    return [detections[index] for index in kept]
