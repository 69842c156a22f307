"""What is measured around inference, and that it is small beside it."""

import cv2

from benchmark.measure.baseline import median_ms
from benchmark.measure.processing import works
from common.detection.detector import load_detector
from common.detection.dry_run import structured_frame
from common.model_zoo.resolve import default_model


def test_decoding_and_placing_take_a_fraction_of_an_inference() -> None:
    cv2.setNumThreads(1)
    frame, detector = structured_frame((360, 640)), load_detector(default_model(), 1)
    inference_ms = median_ms(lambda: detector.detect(frame, 0.3), 10)
    decode_ms, letterbox_ms, _ = (median_ms(work, 10) for work in works().values())
    assert decode_ms < inference_ms / 2
    assert letterbox_ms < inference_ms / 2
