"""`python main.py bench`: measure, then write a report."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec

from benchmark.arguments import BenchmarkPlan, parse
from benchmark.errors import MeasuringError
from benchmark.results import AnyResults
from benchmark.suites import cameras, nodes, pipeline, viewers
from common.errors import SettingsError

REPORT_PACKAGES = ("matplotlib", "jinja2")


def main(argv: Sequence[str]) -> int:
    """Run a benchmark; return the exit code. Raises UserError."""
    plan = parse(argv)
    check_report_can_be_written(plan)
    print(f"order of the runs: --seed {plan.settings.order_seed}", file=sys.stderr)
    if plan.settings.quick:
        print("--quick: a look, not a measurement", file=sys.stderr)
    try:
        with stop_signals_interrupt():
            results = measure(plan)
    except KeyboardInterrupt:
        print("\nstopped; no report was written", file=sys.stderr)
        return 130
    except MeasuringError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    write(results, plan)
    print(f"report: {plan.folder / 'report.html'} (also report.md, results.json)")
    return 0


def check_report_can_be_written(plan: BenchmarkPlan) -> None:
    """Create the folder. Raises SettingsError when it is not writable or a package of the report is not installed."""
    for package in REPORT_PACKAGES:
        if find_spec(package) is None:
            raise SettingsError(f"bench needs {package} for its report: pip install -r requirements-bench.txt")
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--out: cannot create the folder {str(plan.folder)!r}: {error.strerror}") from error
    if not os.access(plan.folder, os.W_OK):
        raise SettingsError(f"--out: the folder {str(plan.folder)!r} is not writable")


@contextmanager
def stop_signals_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM, SIGHUP and SIGQUIT, so that the running app is stopped first.

    Ignored signals, such as SIGHUP under nohup, stay ignored.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)}
    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def measure(plan: BenchmarkPlan) -> AnyResults:
    """Run all cases. Raises UserError and MeasuringError."""
    started_at = datetime.now().astimezone().isoformat(timespec="seconds")
    match plan.kind:
        case "transport":
            from benchmark.suites import transport  # loads OpenCV: see suites.pipeline.measure_reference

            return transport.run_all(plan.settings, plan.rounds, started_at)
        case "viewers":
            return viewers.run_all(plan.settings, plan.app_flags, plan.viewer_counts, started_at)
        case "cameras":
            return cameras.run_all(plan.settings, plan.app, plan.app_flags, started_at)
        case "nodes":
            return nodes.run_all(plan.settings, plan.app, plan.app_flags, started_at)
        case _:
            return pipeline.run_all(plan.settings, plan.app, plan.app_flags, plan.rounds, started_at)


def write(results: AnyResults, plan: BenchmarkPlan) -> None:
    """Write the results, then the report."""
    (plan.folder / "results.json").write_text(results.model_dump_json(), encoding="utf-8")
    from benchmark.report import full_report, report  # load matplotlib and Jinja, which a measurement must not include

    report.write(full_report.report_of(results, plan.earlier), plan.folder)
