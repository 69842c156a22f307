"""Which calls release the GIL, measured on real calls by ratios that hold on any machine."""

from benchmark.measure.gil import speed_up, speed_ups
from common.detection.experiments import work_in_python
from common.model_zoo.resolve import default_model, sample_clip

SECONDS = 0.2


def test_pure_python_has_no_speed_up_with_a_second_thread() -> None:
    # The least of several: other work during the measurement of one thread looks like a speed-up with two.
    assert min(speed_up(lambda: lambda: work_in_python(1), SECONDS) for _ in range(3)) < 1.4


def test_every_call_of_the_hot_path_is_measured() -> None:
    factors = dict(speed_ups(sample_clip(), default_model(), SECONDS))
    assert set(factors) >= {"VideoCapture.read", "cv2.imencode", "detector.detect (session.run)", "pure Python"}
    assert all(0 < factor < 4 for factor in factors.values())
