"""Make the bundled clip or training pictures: python -m models.training.scene.render clip|pictures --out DIR."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import clip, pictures


def main(argv: Sequence[str]) -> int:
    """Render as the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.scene.render", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    of_clip = commands.add_parser("clip", help="road.mp4 and road_boxes.json.gz; goes on where it was stopped")
    of_clip.add_argument("--out", type=Path, required=True, help="folder for both")
    of_clip.add_argument("--frames", type=Path, help="folder for the single frames (default: frames in --out)")
    of_pictures = commands.add_parser("pictures", help="random pictures with YOLO labels")
    of_pictures.add_argument("--out", type=Path, required=True, help="folder for images/ and labels/")
    of_pictures.add_argument("--count", type=int, default=100)
    of_pictures.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args(argv)
    if wanted.command == "clip":
        clip.make(wanted.out, wanted.frames or wanted.out / "frames")
    else:
        pictures.make(wanted.count, wanted.out, wanted.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
