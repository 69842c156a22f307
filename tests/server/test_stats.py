"""Statistics of a running server: as JSON, Prometheus text, `stats` messages and readiness."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from common.messaging.messages import Stats, Status
from common.messaging.publisher import Ingest, Publisher
from common.messaging.report import Measurements
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter
from tests.support.exposition import samples
from tests.support.reports import PROCESSOR, PROVIDER
from tests.support.servers import Server, frame, next_frame, next_text, received_by_now, send, serving
from tests.support.waiting import wait_until


@pytest.fixture
def server_of_two() -> Iterator[Server]:
    with serving(cameras=("gate", "yard"), processors=("people",)) as server:
        yield server


async def test_rates_are_correct_from_the_first_second(server: Server) -> None:
    meter = Meter("provider")
    publisher = Publisher(Ingest(server.ingest_port, server.ingest_token))
    meter.follow_count("captured", lambda: int(25 * time.monotonic()))
    rates: list[float] = []
    async with server.viewer() as viewer:
        with publisher, Reporter(meter, publisher.send, lambda: publisher.connected):
            while len(rates) < 4:
                rates += (await next_text(viewer, "stats"))["rates"].values()
    assert rates == pytest.approx([25] * 4, rel=0.2)


async def test_statistics_of_one_camera(server_of_two: Server) -> None:
    server = server_of_two
    parts = tuple(
        Measurements(camera=name, processor="people", counts={"processed": count}, samples={"inference_ms": (count,)})
        for name, count in (("gate", 4.0), ("yard", 2.0))
    )
    async with server.role() as role, server.viewer("?camera=gate") as viewer, server.viewer():
        for name, count in (("gate", 30), ("yard", 10)):
            update = {"role": f"provider {name}", "camera": name, "counts": {"captured": count}}
            await send(role, PROVIDER.model_copy(update=update))
        processor = {"role": "processor people", "processor": "people", "counts": {}, "samples": {}, "parts": parts}
        await send(role, PROCESSOR.model_copy(update=processor))
        await received_by_now(role, viewer)
        stats = Stats.model_validate_json(server.ask("/api/stats?camera=yard").body)
    assert stats.viewers == 1
    assert stats.rates["captured"] == stats.counters["captured"] == 10
    assert stats.counters["processed"] == 2
    assert stats.percentiles["inference_ms"]["p50"] == 2
    assert set(stats.cameras) == {"yard"}
    assert stats.processors["people"]["rates"] == {"processed": 2}
    assert stats.drops == {"server/socket busy": 3}
    assert {"provider yard", "processor people"} <= set(stats.roles)
    assert "provider gate" not in stats.roles


@pytest.mark.parametrize(
    ("query", "status"), [("camera=moon", 404), ("camera=gate&camera=yard", 400), ("camera=", 404)]
)
def test_statistics_of_a_bad_camera_are_refused(server_of_two: Server, query: str, status: int) -> None:
    assert server_of_two.ask(f"/api/stats?{query}").status == status


async def test_api_stats_aggregates_the_reports_of_roles(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for report in (PROVIDER, PROCESSOR, PROVIDER):
            await send(role, report)
        await received_by_now(role, viewer)
        answer = server.ask("/api/stats")
    assert answer.headers["Content-Type"].startswith("application/json")
    stats = Stats.model_validate_json(answer.body)
    assert stats.viewers == 1
    assert stats.counters["captured"] == 60
    assert stats.drops["server/socket busy"] == 6
    assert stats.percentiles["inference_ms"] == {"p50": 9, "p95": 30, "p99": 30}
    assert stats.percentiles["processor_age_ms"]["p50"] == 3
    assert stats.rates["processed"] > 0
    provider = stats.roles["provider"]
    assert isinstance(provider["pid"], int)
    assert (provider["pid"], provider["cpu_percent"], provider["memory_mb"]) == (4711, 12.5, 64)
    assert (provider["gil_delay_p50_ms"], provider["gil_delay_p99_ms"]) == (0.3, 4)


async def test_metrics_are_in_the_prometheus_text_format(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for report in (PROVIDER, PROCESSOR, PROVIDER):
            await send(role, report)
        await send(role, Status(component="processor", state="restarting", message="process ended"))
        await received_by_now(role, viewer)
        answer = server.ask("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.body.decode())
    assert found["vision_frames_total", "captured"] == 60
    assert found["vision_frames_total", "processed"] == 5
    assert found["vision_drops_total", "server", "socket busy"] == 6
    assert found["vision_restarts_total", "main", "processor"] == 1
    assert found["vision_viewers",] == 1
    assert found["vision_rate_fps", "captured"] > 0
    assert found["vision_cpu_cores", "provider"] == 0.125
    assert found["vision_memory_bytes", "processor"] == 128 * 2**20
    for name, count, total in (
        ("vision_inference_seconds", 3, 0.047),
        ("vision_processing_seconds", 3, 0.054),
        ("vision_frame_age_at_processor_seconds", 3, 0.009),
        ("vision_encode_seconds", 4, 0.006),
    ):
        assert found[f"{name}_count",] == count
        assert found[f"{name}_sum",] == pytest.approx(total)
    assert found["vision_inference_seconds_bucket", "0.01"] == 2
    assert found["vision_gil_delay_seconds_count", "provider"] == 6
    assert found["vision_gil_delay_seconds_sum", "processor"] == pytest.approx(0.0002)


async def test_acknowledged_frames_are_counted_as_painted_and_their_age_is_measured(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for number in range(5):
            await role.send(frame(number))
            await next_frame(viewer)
            await viewer.send(json.dumps({"type": "ack", "frame_id": number}))
        while (stats := await next_text(viewer, "stats"))["counters"].get("painted") != 5:
            pass
    assert stats["counters"]["delivered"] == 5
    assert 0 <= stats["percentiles"]["paint_age_ms"]["p50"] <= stats["percentiles"]["paint_age_ms"]["p99"]
    assert samples(server.ask("/metrics").body.decode())["vision_frame_age_at_paint_seconds_count", "main"] == 5


async def test_frames_not_sent_to_a_slow_viewer_are_counted_as_drops(server: Server) -> None:
    async with server.role() as role, server.viewer("?credit=1") as viewer:
        await role.send(frame(1))
        await next_frame(viewer)
        for number in range(2, 6):
            await role.send(frame(number))
        await received_by_now(role, viewer)
        while (await next_text(viewer, "stats"))["drops"] != {"viewer/slow": 3}:
            pass
    assert samples(server.ask("/metrics").body.decode())["vision_drops_total", "viewer", "slow", "main"] == 3


async def test_the_server_measures_itself(server: Server) -> None:
    await asyncio.to_thread(wait_until, lambda: "server" in roles(server), "a report of the server")
    own = roles(server)["server"]
    assert own["memory_mb"] > 0
    assert own["gil_delay_p99_ms"] >= own["gil_delay_p50_ms"] >= 0


async def test_readyz_requires_frames_and_inference(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        not_ready = {"ready": False, "frames": False, "inference": False, "problems": ["source gives no frames"]}
        assert readiness(server) == (503, not_ready)
        await send(role, PROVIDER)
        await received_by_now(role, viewer)
        frames = not_ready | {"frames": True, "problems": ["processor gives no detections"]}
        assert readiness(server) == (503, frames)
        await send(role, PROCESSOR)
        await send(role, Status(component="source", state="lost", message="no answer"))
        await received_by_now(role, viewer)
        assert readiness(server)[1]["problems"] == ["source is lost"]
        await send(role, Status(component="source", state="ok", message="frames again"))
        await received_by_now(role, viewer)
        assert readiness(server) == (200, {"ready": True, "frames": True, "inference": True, "problems": []})


def readiness(server: Server) -> tuple[int, dict[str, Any]]:
    answer = server.ask("/readyz")
    return answer.status, json.loads(answer.body)


def roles(server: Server) -> dict[str, dict[str, float]]:
    return Stats.model_validate_json(server.ask("/api/stats").body).roles
