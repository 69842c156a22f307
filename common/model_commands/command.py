"""`python main.py models`: the arguments of list, fetch and check."""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import SettingsError
from common.model_zoo.catalogue import FILE
from common.model_zoo.download import RESUME
from common.model_zoo.fetch import fetch_named, fetch_url
from common.model_zoo.listing import table
from common.model_zoo.resolve import ROOT

MODELS = ROOT / "models"

USAGE = f"""\
usage: python main.py models list
       python main.py models fetch NAME
       python main.py models fetch URL --sha256 DIGITS
       python main.py models check FILE [--image FILE] [--provider NAME]

list   shows the models of the catalogue and the other ONNX files in models/.
fetch  downloads a model into models/, for --model NAME to run: one of the
       catalogue, or that of an https URL whose path ends in NAME.onnx, and whose
       SHA-256 is DIGITS. The same command resumes an interrupted download.
check  reports what a model is, how fast it is on this machine, and what it
       detects in an image; see check --help.

The catalogue is models/{FILE}, which describes how to add an entry."""
EXPECTED = "models expects list, fetch or check; see models --help"
EXPECTED_TO_FETCH = "models fetch expects NAME, or URL --sha256 DIGITS; see models --help"


def main(argv: Sequence[str], folder: Path = MODELS) -> int:
    """Run the command and return the exit code. Raises UserError."""
    try:
        _run(argv, folder)
    except KeyboardInterrupt:
        print(f"stopped; {RESUME}" if argv[0] == "fetch" else "stopped", file=sys.stderr)
        return 130
    return 0


def _run(argv: Sequence[str], folder: Path) -> None:
    match argv:
        case ["--help" | "-h"] | ["list" | "fetch", "--help" | "-h"]:
            print(USAGE)
        case ["list"]:
            print(table(folder))
        case ["fetch", *words]:
            print(_fetch(words, folder))
        case ["check", *words]:
            from common.model_commands.check import check

            for part in check(words):
                print(part, end="\n\n", flush=True)
        case _:
            raise SettingsError(EXPECTED)


def _fetch(words: Sequence[str], folder: Path) -> str:
    match [part for word in words for part in (word.split("=", 1) if word.startswith("--sha256=") else [word])]:
        case [url] if "://" in url:
            raise SettingsError("fetch URL requires --sha256 DIGITS, the SHA-256 that the file must have")
        case [name] if not name.startswith("-"):
            return fetch_named(name, folder)
        case [url, "--sha256", sha256] | ["--sha256", sha256, url] if "://" in url:
            return fetch_url(url, sha256, folder)
    raise SettingsError(EXPECTED_TO_FETCH)
