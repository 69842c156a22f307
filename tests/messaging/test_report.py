"""Reports that wait to be sent: sums of counts, samples of both, and the newest gauges."""

from common.messaging.outbox import Outbox
from common.messaging.report import MAX_SAMPLES, Measurements, MetricsReport, Subject

EARLIER = MetricsReport(
    role="provider gate",
    camera="gate",
    pid=1,
    duration_s=1.5,
    counts={"captured": 30, "sent": 15},
    drops={"viewer/slow": 1},
    samples={"encode_ms": (1.0, 2.0)},
    gauges={"cpu_percent": 10, "source_fps": 30},
    parts=(Measurements(camera="gate", processor="cars", counts={"queued": 5}),),
)
LATER = MetricsReport(
    role="provider gate",
    camera="gate",
    pid=1,
    duration_s=1,
    counts={"captured": 29},
    drops={"viewer/slow": 2, "server/too large": 1},
    samples={"encode_ms": (3.0,), "gil_delay_ms": (0.1,)},
    gauges={"cpu_percent": 20},
    parts=(
        Measurements(camera="gate", processor="cars", counts={"queued": 4}, samples={"inference_ms": (7.0,)}),
        Measurements(camera="gate", processor="people", counts={"queued": 2}),
    ),
)


def test_a_report_after_another_has_the_sums_of_both() -> None:
    found = LATER.after(EARLIER)
    assert found == MetricsReport(
        role="provider gate",
        camera="gate",
        pid=1,
        duration_s=2.5,
        counts={"captured": 59, "sent": 15},
        drops={"viewer/slow": 3, "server/too large": 1},
        samples={"encode_ms": (1.0, 2.0, 3.0), "gil_delay_ms": (0.1,)},
        gauges={"cpu_percent": 20},
        parts=(
            Measurements(camera="gate", processor="cars", counts={"queued": 9}, samples={"inference_ms": (7.0,)}),
            Measurements(camera="gate", processor="people", counts={"queued": 2}),
        ),
    )
    assert [part.subject for part in found.measurements()] == [
        Subject("gate", None),
        Subject("gate", "cars"),
        Subject("gate", "people"),
    ]


def test_the_samples_of_reports_are_limited_to_the_newest() -> None:
    report = EARLIER
    for number in range(3 * MAX_SAMPLES):
        report = EARLIER.model_copy(update={"samples": {"encode_ms": (float(number),)}}).after(report)
    assert report.samples["encode_ms"] == tuple(map(float, range(2 * MAX_SAMPLES, 3 * MAX_SAMPLES)))


def test_an_outbox_keeps_the_reports_of_a_lost_connection_and_counts_none_as_dropped() -> None:
    outbox = Outbox(lambda: None)
    outbox.connect()
    outbox.put(EARLIER)
    outbox.disconnect()
    outbox.put(LATER)
    outbox.connect()
    ((_, text),) = outbox.take_all()
    assert MetricsReport.model_validate_json(text) == LATER.after(EARLIER)
    assert list(outbox.take_all()) == []
    assert outbox.dropped_count == 0
