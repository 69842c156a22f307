"""`bench nodes`: what a camera, a viewer, a processor and a link between nodes cost."""

from collections.abc import Sequence
from typing import NamedTuple

import psutil

from benchmark.measure.app import memory_mb
from benchmark.measure.cpu_usage import CpuUsage, cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.nodes import RunningNode, Traffic, running_nodes, split
from benchmark.measure.viewer_process import ViewerProcess
from benchmark.progress import Progress
from benchmark.results import BenchmarkSettings, NodesResults, NodesRun, NodeUsage
from benchmark.suites.cameras import without_source
from benchmark.suites.schedule import interleaved
from common.config.settings import Settings


class Shape(NamedTuple):
    """Numbers of cameras, of servers, and of viewers, which are spread over cameras and servers."""

    cameras: int
    servers: int
    viewers: int


SHAPES = (Shape(1, 1, 1), Shape(4, 1, 4), Shape(4, 1, 24), Shape(4, 3, 24), Shape(8, 1, 8))
QUICK_SHAPES = (Shape(2, 2, 4),)


def run_all(settings: BenchmarkSettings, app: Settings, flags: Sequence[str], started_at: str) -> NodesResults:
    """Measure each shape. Raises UserError and MeasuringError."""
    environment = read_environment()
    source, flags = app.cameras[0].source, without_source(flags)
    shapes = QUICK_SHAPES if settings.quick else SHAPES
    schedule = list(interleaved(shapes, settings.repeats, settings.order_seed))
    named = (
        (each, f"{each[1].cameras} cameras, {each[1].servers} servers, {each[1].viewers} viewers") for each in schedule
    )
    runs = [run_one(shape, source, flags, settings, number) for number, shape in Progress(len(schedule)).track(named)]
    return NodesResults(started_at=started_at, environment=environment, settings=settings, runs=tuple(runs))


def run_one(shape: Shape, source: str, flags: Sequence[str], settings: BenchmarkSettings, number: int) -> NodesRun:
    """Start the nodes and their viewers, warm up, observe, stop. Raises MeasuringError."""
    with running_nodes(flags, source, shape.cameras, shape.servers) as (nodes, port):
        urls = [
            f"{nodes[viewer % shape.servers].app.url}?camera=c{viewer // shape.servers % shape.cameras + 1}"
            for viewer in range(shape.viewers)
        ]
        with ViewerProcess(
            urls, reading=shape.viewers, warm_up_s=settings.warm_up_s, seconds=settings.seconds
        ) as viewers:
            viewers.wait_until_warm()
            processes = {node.name: node.app.processes() for node in nodes}
            before = cpu_times([each for of_node in processes.values() for each in of_node], viewers.process)
            traffic = {node.name: node.traffic(port) for node in nodes}
            results = viewers.results()
            usage = usage_between(before, cpu_times([p for ps in processes.values() for p in ps], viewers.process))
            usages = tuple(
                _usage(node, processes[node.name], usage, traffic[node.name], node.traffic(port), settings.seconds)
                for node in nodes
            )
    return NodesRun(
        cameras=shape.cameras,
        servers=shape.servers,
        viewers=results,
        nodes=usages,
        round=number,
        seconds=settings.seconds,
        background=usage.background,
    )


def _usage(
    node: RunningNode,
    processes: Sequence[psutil.Process],
    usage: CpuUsage,
    before: Traffic,
    after: Traffic,
    seconds: float,
) -> NodeUsage:
    main, roles = split(processes)
    return NodeUsage(
        node=node.name,
        main_cpu=round(sum(usage.by_pid[each.pid] for each in main), 4),
        main_mb=round(sum(map(memory_mb, main)), 1),
        roles_cpu=round(sum(usage.by_pid[each.pid] for each in roles), 4),
        roles_mb=round(sum(map(memory_mb, roles)), 1),
        sent_kb_per_s=round((after.sent - before.sent) / 1000 / seconds, 1),
        received_kb_per_s=round((after.received - before.received) / 1000 / seconds, 1),
    )
