"""`python -m tests.network`: three nodes on three machines, and what a bad link between them does to the video.

Prints a Markdown table. Needs root and iproute2.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.network.conditions import CLEAR
from tests.network.nodes import all_nodes, machines, write_settings
from tests.network.outcome import HEADINGS
from tests.network.scenarios import SCENARIOS, NotRecoveredError


def main() -> int:
    """Run the scenarios one after the other; return 1 if the video did not recover from a fault."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m tests.network", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="duration of each scenario [30]")
    parser.add_argument(
        "--only", choices=names, action="append", metavar="NAME", help=f"one of {', '.join(names)}; repeatable"
    )
    parser.add_argument("--source", default="sample", help="video of the camera [sample]")
    parser.add_argument(
        "--common", default="", metavar="TOML", help="more settings, such as 'ui_width = 416; jpeg_quality = 60'"
    )
    parser.add_argument(
        "--zenoh",
        default="",
        metavar="TOML",
        help="settings of [zenoh], such as 'frame_width = 416; jpeg_quality = 80'",
    )
    parser.add_argument(
        "--congestion-control", metavar="NAME", help="that of TCP on the links, such as cubic [that of this machine]"
    )
    parser.add_argument(
        "--datagrams", action="store_true", help="join the nodes by deploy/datagrams, which sends frames by UDP"
    )
    arguments = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if scenario.name in (arguments.only or names)]
    with tempfile.TemporaryDirectory() as folder, machines(arguments.congestion_control) as on:
        settings = write_settings(
            Path(folder), on.hub.address, arguments.source, "default", arguments.common, arguments.zenoh
        )
        with all_nodes(settings, on, arguments.datagrams) as recorded:
            print(f"| {' | '.join(HEADINGS)} |\n|---|{'---:|' * (len(HEADINGS) - 1)}", flush=True)
            for scenario in chosen:
                try:
                    outcome = scenario.run(on.gate_link, recorded, arguments.seconds)
                except NotRecoveredError as error:
                    print(f"{scenario.name}: {error}", file=sys.stderr)
                    return 1
                on.gate_link.set(CLEAR)
                print(f"| {' | '.join(outcome.row(scenario.name))} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
