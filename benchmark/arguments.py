"""Arguments of `python main.py bench`: from the command line to a plan."""

import argparse
import random
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cases import WORKLOADS_BY_NAME
from benchmark.results import AnyResults, BenchmarkSettings, CamerasResults, PipelineResults, load_results
from benchmark.suites.viewers import COUNTS, MANY
from common.config.command_line import Parser
from common.config.load import load_settings
from common.config.settings import Settings
from common.errors import SettingsError
from common.model_zoo.resolve import resolve_model, resolve_source
from common.text import redact

KINDS = ("pipeline", "transport", "viewers", "cameras", "nodes")
# Seconds of a run: enough for a p99 of some hundred samples; with --quick, for a look.
SECONDS = {"pipeline": 20.0, "transport": 3.0, "viewers": 20.0, "cameras": 10.0, "nodes": 15.0}
QUICK_SECONDS = {"pipeline": 2.0, "transport": 0.5, "viewers": 3.0, "cameras": 3.0, "nodes": 3.0}
REPEATS = {"pipeline": 3, "transport": 3, "viewers": 3, "cameras": 2, "nodes": 2}
QUICK_REPEATS = 1
WARM_UP_S, QUICK_WARM_UP_S = 3.0, 0.2  # after the first report of every role
ROUNDS, QUICK_ROUNDS = 200, 40  # of each step of the baseline
# Flags that the benchmark sets for each run, and --token, which its viewers do not send.
RESERVED = ("impl", "host", "port", "token", "log-level", "infer-repeat", "python-work-ms", "session-per-frame")


@dataclass(frozen=True)
class BenchmarkPlan:
    """What to measure, and where to write the report. `rounds` is the number of repetitions of each baseline step."""

    kind: str
    settings: BenchmarkSettings
    app: Settings
    app_flags: list[str]
    rounds: int
    viewer_counts: Sequence[int]
    folder: Path
    earlier: AnyResults | None


def parse(argv: Sequence[str]) -> BenchmarkPlan:
    """Return the plan. Raises UserError for arguments that this benchmark or the app refuses, SystemExit for --help."""
    arguments, app_flags = _parse(argv)
    app = load_settings(app_flags).settings
    if app.token is not None:
        raise SettingsError("bench connects without a token: remove it from the environment and the settings file")
    if app.tls_cert is not None:
        raise SettingsError("bench connects without TLS: remove tls_cert and tls_key from flags, environment and file")
    return BenchmarkPlan(
        kind=arguments.kind,
        settings=_settings(arguments, app, argv),
        app=app,
        app_flags=app_flags,
        rounds=QUICK_ROUNDS if arguments.quick else ROUNDS,
        viewer_counts=(*COUNTS, MANY) if arguments.full else COUNTS,
        folder=Path(arguments.out or default_folder(arguments.kind)),
        earlier=load_earlier(Path(arguments.against), arguments.kind) if arguments.against else None,
    )


def default_folder(kind: str) -> Path:
    """Return a folder by kind, so that no benchmark overwrites the results of another kind."""
    return Path("report") if kind == KINDS[0] else Path("report") / kind


def load_earlier(path: Path, kind: str) -> AnyResults:
    """Read earlier results to compare with. Raises SettingsError when they are not comparable with `bench KIND`."""
    earlier = load_results(path)
    if earlier.kind != kind:
        raise SettingsError(f"--against: the earlier results are of `bench {earlier.kind}`, not of `bench {kind}`")
    if isinstance(earlier, PipelineResults | CamerasResults):
        unknown = {run.workload for run in earlier.runs} - WORKLOADS_BY_NAME.keys()
        if unknown:
            raise SettingsError(f"--against: unknown workloads in the earlier results: {', '.join(sorted(unknown))}")
    return earlier


def _parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split into the arguments of the benchmark and the flags of the app. Raises SettingsError."""
    parser = Parser(
        prog="main.py bench",
        usage=f"python main.py bench [{'|'.join(KINDS)}] [options] [options of the app, e.g. --source, --model]",
        description="Measure processes and threads, and write a report. pipeline (default): the whole app under each "
        "workload, at a viewer; transport: the latest queue in isolation; viewers: many viewers; cameras: how many "
        "cameras each holds; nodes: what a camera, a viewer, a processor and a link between nodes cost.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--quick", action="store_true", help="a look, not a measurement: one short run per case, about a minute"
    )
    parser.add_argument("--full", action="store_true", help=f"viewers: also with {MANY} viewers")
    parser.add_argument(
        "--repeats",
        type=at_least_one,
        metavar="N",
        help="runs of each case [3; nodes 2; with --quick 1]; cameras: tries of a number that fails "
        "[2; with --quick 1]",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        metavar="S",
        help="duration of a run, after the warm-up [20; transport 3; cameras 10; nodes 15; shorter with --quick]",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the order of the runs [random, printed]")
    parser.add_argument("--out", metavar="FOLDER", help="folder of the report [report, or report/KIND]")
    parser.add_argument("--against", metavar="FILE", help="results.json of an earlier run to compare with")
    # Not a positional argument of argparse, which would take the value of an option of the app for it.
    kind, *flags = argv if argv and not argv[0].startswith("-") else (KINDS[0], *argv)
    if kind not in KINDS:
        raise SettingsError(f"{kind!r} is not a benchmark; choose from {', '.join(KINDS)}")
    arguments, app_flags = parser.parse_known_args(flags, argparse.Namespace(kind=kind))
    for word in app_flags:
        name = word.partition("=")[0].removeprefix("--")
        if name.removeprefix("no-") in RESERVED:
            raise SettingsError(f"--{name}: bench sets it itself for each run")
    return arguments, app_flags


def _settings(arguments: argparse.Namespace, app: Settings, argv: Sequence[str]) -> BenchmarkSettings:
    """Return the settings of the benchmark. Raises UserError when source or model do not exist."""
    seed = random.randrange(1000) if arguments.seed is None else arguments.seed  # noqa: S311 - not used for security
    command = [*map(_redacted, argv), *(() if arguments.seed is not None else ("--seed", str(seed)))]
    quick: bool = arguments.quick
    return BenchmarkSettings(
        command=f"python main.py bench {shlex.join(command)}",
        quick=quick,
        source=_source_name(app),
        model=resolve_model(app.processors[0].model).name,
        capture_fps=app.capture_fps,
        ui_fps=app.ui_fps,
        queue_fps=app.queue_fps,
        jpeg_quality=app.jpeg_quality,
        seconds=arguments.seconds or (QUICK_SECONDS if quick else SECONDS)[arguments.kind],
        warm_up_s=QUICK_WARM_UP_S if quick else WARM_UP_S,
        repeats=arguments.repeats or (QUICK_REPEATS if quick else REPEATS[arguments.kind]),
        order_seed=seed,
    )


def _source_name(app: Settings) -> str:
    """Return the source without folder and password. Raises SourceError."""
    source = resolve_source(app.cameras[0].source)
    return redact(source) if "://" in source else Path(source).name


def _redacted(word: str) -> str:
    return redact(word) if "://" in word else word


def at_least_one(text: str) -> int:
    """Parse a count. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def positive(text: str) -> float:
    """Parse a duration in seconds, at most an hour. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and at most 3600")
    return value
