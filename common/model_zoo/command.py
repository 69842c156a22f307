"""`python main.py models`: list the models, and fetch one."""

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

list shows the models of the catalogue and the other ONNX files in models/.
fetch downloads a model into models/, for --model NAME to run. NAME is one of the catalogue; URL is an
https address whose path ends in NAME.onnx, and DIGITS is the SHA-256 that the file must have. The same
command resumes an interrupted download.
The catalogue is models/{FILE}, which describes how to add an entry."""
EXPECTED = "models expects list, fetch NAME or fetch URL --sha256 DIGITS; see models --help"


def main(argv: Sequence[str], folder: Path = MODELS) -> int:
    """Run the command; returns the exit code. Raises UserError."""
    match argv:
        case ["list"]:
            print(table(folder))
        case ["fetch", *words]:
            try:
                print(_fetch(words, folder))
            except KeyboardInterrupt:
                print(f"stopped; {RESUME}", file=sys.stderr)
                return 130
        case ["--help" | "-h"]:
            print(USAGE)
        case _:
            raise SettingsError(EXPECTED)
    return 0


def _fetch(words: Sequence[str], folder: Path) -> str:
    match [part for word in words for part in (word.split("=", 1) if word.startswith("--sha256=") else [word])]:
        case [url] if "://" in url:
            raise SettingsError("fetch URL requires --sha256 DIGITS, the SHA-256 that the file must have")
        case [name] if not name.startswith("-"):
            return fetch_named(name, folder)
        case [url, "--sha256", sha256] | ["--sha256", sha256, url] if "://" in url:
            return fetch_url(url, sha256, folder)
    raise SettingsError(EXPECTED)
