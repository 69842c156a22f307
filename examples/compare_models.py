"""The detections of two models side by side: which objects both find, and which only one."""

from dataclasses import replace

from common.processing import Detection, Frame, Result, detector


class Compare:
    """`first` and `second` are models by name or path, `min_iou` the overlap from which two boxes are one object."""

    def __init__(
        self, first: str = "default", second: str = "default", min_score: float = 0.3, min_iou: float = 0.5
    ) -> None:
        self.first = detector(first, min_score)
        self.second = detector(second, min_score)
        self.min_iou = min_iou

    def process(self, frame: Frame) -> Result:
        first, second = self.first.detect(frame), self.second.detect(frame)
        both = [each for each in first if any(iou(each, other) >= self.min_iou for other in second)]
        only_first = [each for each in first if each not in both]
        only_second = [each for each in second if all(iou(each, other) < self.min_iou for other in first)]
        detections = [
            *both,
            *(replace(each, label=f"first: {each.label}") for each in only_first),
            *(replace(each, label=f"second: {each.label}") for each in only_second),
        ]
        counts = {"both": len(both), "only first": len(only_first), "only second": len(only_second)}
        return Result(detections, values=counts)


def iou(one: Detection, other: Detection) -> float:
    """Intersection over union of two boxes."""
    x1, y1, x2, y2 = one.box
    a1, b1, a2, b2 = other.box
    shared = max(0.0, min(x2, a2) - max(x1, a1)) * max(0.0, min(y2, b2) - max(y1, b1))
    return shared / ((x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - shared)
