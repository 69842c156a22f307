"""Motion by frame differences: boxes around what changed, without a model."""

import cv2
import numpy as np

from common.processing import Detection, Frame, Result


class Motion:
    """`min_area` is the smallest change as a fraction of the frame, `threshold` the change of a level of 0 to 255."""

    def __init__(self, min_area: float = 0.0005, threshold: int = 20) -> None:
        self.min_area = min_area
        self.threshold = threshold
        self.previous: dict[str, np.ndarray] = {}

    def process(self, frame: Frame) -> Result:
        grey = cv2.GaussianBlur(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), (9, 9), 0)
        previous = self.previous.get(frame.camera)
        self.previous[frame.camera] = grey  # our own array: frame.image must not be kept
        if previous is None or previous.shape != grey.shape:
            return Result()
        changed = cv2.absdiff(previous, grey) > self.threshold
        mask = cv2.dilate(changed.astype(np.uint8), np.ones((9, 9), np.uint8))
        height, width = mask.shape
        detections = []
        for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            x, y, w, h = cv2.boundingRect(contour)
            if w * h >= self.min_area * width * height:
                box = (x / width, y / height, (x + w) / width, (y + h) / height)
                detections.append(Detection("motion", 1.0, box))
        return Result(detections[:100], values={"moving %": round(100 * float(changed.mean()), 2)})
