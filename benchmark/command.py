"""`python main.py bench`: measure, then write a report of what was measured and why it is so."""

import argparse
import os
import random
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from benchmark.errors import MeasuringError
from benchmark.report.against import check_comparable
from benchmark.results import AnyResults, Settings, load_results
from benchmark.suites import pipeline as runs
from benchmark.suites import viewers
from common.config.command_line import Parser
from common.config.load import load_settings
from common.config.settings import Settings as AppSettings
from common.errors import SettingsError
from common.model_zoo.resolve import resolve_model, resolve_source
from common.text import redact

KINDS = ("pipeline", "transport", "viewers")
# Of a run: enough for a p99 of some hundred samples; with --quick for a first look.
SECONDS = {"pipeline": 20.0, "transport": 3.0, "viewers": 20.0}
QUICK_SECONDS = {"pipeline": 2.0, "transport": 0.5, "viewers": 3.0}
REPEATS, QUICK_REPEATS = 3, 1
WARM_UP_S, QUICK_WARM_UP_S = 3.0, 0.2  # once every role has reported
ROUNDS, QUICK_ROUNDS = 200, 40  # of each limit
# What every run is told anew, and a token, which the viewers here do not show.
OWN = ("impl", "host", "port", "token", "log-level", "infer-repeat", "python-work-ms", "session-per-frame")


def main(argv: Sequence[str]) -> int:
    """Run a benchmark; returns the exit code. Raises UserError for what cannot work with what the user gave."""
    if find_spec("matplotlib") is None:
        raise SettingsError("bench draws with matplotlib, which is missing: pip install -r requirements-bench.txt")
    arguments, app_flags = parse(argv)
    settings = settings_of(arguments, app_flags, argv)
    earlier: AnyResults | None = None
    if arguments.against:
        earlier = load_results(Path(arguments.against))
        check_comparable(earlier, arguments.kind)
    folder = Path(arguments.out or default_folder(arguments.kind))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--out: no folder can be made at {str(folder)!r}: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise SettingsError(f"--out: {str(folder)!r} may not be written")
    try:
        with ending_well():
            results = measure(arguments, settings, app_flags)
    except KeyboardInterrupt:
        print("\nstopped; nothing is written", file=sys.stderr)
        return 130
    except MeasuringError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    write(results, earlier, folder)
    print(f"{folder / 'report.html'}, and beside it report.md and results.json")
    return 0


@contextmanager
def ending_well() -> Iterator[None]:
    """Within, what would end this process at once is a KeyboardInterrupt, so that the app under way is ended too."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)}
    asked = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # as nohup does
    for number in asked:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in asked:
            signal.signal(number, before[number])


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The benchmark's own arguments, and what is left for the app. Raises SettingsError."""
    parser = Parser(
        prog="main.py bench",
        usage=f"python main.py bench [{'|'.join(KINDS)}] [options] [options of the app, e.g. --source, --model]",
        description="Measure processes and threads, and write a report: the whole app under every workload, as a "
        "viewer sees it (pipeline, the default); the latest queue alone (transport); or many viewers (viewers).",
        allow_abbrev=False,
    )
    parser.add_argument("--quick", action="store_true", help="one short run each, in about a minute")
    parser.add_argument("--full", action="store_true", help=f"viewers: {viewers.MANY} of them too")
    parser.add_argument(
        "--repeats", type=at_least_one, metavar="N", help=f"runs of each cell [{REPEATS}; with --quick 1]"
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        metavar="S",
        help="of each run, after the warm-up [20; transport 3; less with --quick]",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="order of the runs [at random, printed]")
    parser.add_argument("--out", metavar="FOLDER", help="where the report goes [report, or report/KIND]")
    parser.add_argument("--against", metavar="FILE", help="an earlier results.json to compare with")
    # By hand: argparse would take the value of a flag that is the app's, "--source FILE", for this word.
    kind, *flags = argv if argv and not argv[0].startswith("-") else (KINDS[0], *argv)
    if kind not in KINDS:
        raise SettingsError(f"{kind!r} is not a benchmark; choose from {', '.join(KINDS)}")
    arguments, app_flags = parser.parse_known_args(flags, argparse.Namespace(kind=kind))
    for word in app_flags:
        name = word.partition("=")[0].removeprefix("--")
        if name.removeprefix("no-") in OWN:
            raise SettingsError(f"--{name}: bench sets it itself, for every run anew")
    return arguments, app_flags


def settings_of(arguments: argparse.Namespace, app_flags: Sequence[str], argv: Sequence[str]) -> Settings:
    """What is asked for. Raises UserError for flags that the app would refuse."""
    _, app = load_settings(app_flags)
    if app.token is not None:
        raise SettingsError("bench watches without a token: take it out of the environment and the settings file")
    if app.tls_cert is not None:
        raise SettingsError("bench watches without TLS: take tls_cert and tls_key out of flags, environment and file")
    seed = random.randrange(1000) if arguments.seed is None else arguments.seed  # noqa: S311 - nothing secret
    command = [*map(redacted, argv), *(() if arguments.seed is not None else ("--seed", str(seed)))]
    quick: bool = arguments.quick
    return Settings(
        command=f"python main.py bench {shlex.join(command)}",
        source=source_name(app),
        model=resolve_model(app.model).name,
        capture_fps=app.capture_fps,
        ui_fps=app.ui_fps,
        queue_fps=app.queue_fps,
        jpeg_quality=app.jpeg_quality,
        seconds=arguments.seconds or (QUICK_SECONDS if quick else SECONDS)[arguments.kind],
        warm_up_s=QUICK_WARM_UP_S if quick else WARM_UP_S,
        repeats=arguments.repeats or (QUICK_REPEATS if quick else REPEATS),
        order_seed=seed,
    )


def measure(arguments: argparse.Namespace, settings: Settings, app_flags: Sequence[str]) -> AnyResults:
    """All runs. Raises UserError and MeasuringError."""
    started_at = datetime.now().astimezone().isoformat(timespec="seconds")
    rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    print(f"order of the runs: --seed {settings.order_seed}", file=sys.stderr)
    match arguments.kind:
        case "transport":
            from benchmark.suites import transport  # loads OpenCV, which must not lie in memory beside an app

            return transport.run_all(settings, rounds, started_at)
        case "viewers":
            counts = (*viewers.COUNTS, *((viewers.MANY,) if arguments.full else ()))
            return viewers.run_all(settings, app_flags, counts, started_at)
        case _:
            _, app = load_settings(app_flags)
            return runs.run_all(settings, app, app_flags, rounds, started_at)


def write(results: AnyResults, earlier: AnyResults | None, folder: Path) -> None:
    """The report and all samples into `folder`."""
    (folder / "results.json").write_text(results.model_dump_json(), encoding="utf-8")  # whatever befalls the report
    from benchmark.report.full_report import (
        report_of,  # with matplotlib, which must not lie in memory while it is measured
    )
    from benchmark.report.report import write

    write(report_of(results, earlier), folder)


def default_folder(kind: str) -> Path:
    """A folder for each kind, so that none overwrites another's results."""
    return Path("report") if kind == KINDS[0] else Path("report") / kind


def source_name(app: AppSettings) -> str:
    """The source without its folder or password. Raises SourceError."""
    source = resolve_source(app.source)
    return redact(source) if "://" in source else Path(source).name


def redacted(word: str) -> str:
    """A word of the command line, fit to be published."""
    return redact(word) if "://" in word else word


def at_least_one(text: str) -> int:
    """A count. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def positive(text: str) -> float:
    """A duration in seconds. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:  # an hour for one run is a mistake, and so is infinity
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and at most 3600")
    return value
