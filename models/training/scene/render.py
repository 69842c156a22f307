"""Render the bundled clip or training images: python -m models.training.scene.render clip|images --out DIR."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import clip, training_images


def main(argv: Sequence[str]) -> int:
    """Render; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.scene.render", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    clip_parser = commands.add_parser("clip", help="road.mp4 and road_boxes.json.gz; resumable")
    clip_parser.add_argument("--out", type=Path, required=True, help="output folder")
    clip_parser.add_argument("--frames", type=Path, help="folder of the single frames (default: frames in --out)")
    images_parser = commands.add_parser("images", help="random training images with YOLO labels; resumable")
    images_parser.add_argument("--out", type=Path, required=True, help="output folder, with images/ and labels/")
    images_parser.add_argument("--count", type=int, default=100)
    images_parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    if arguments.command == "clip":
        clip.make(arguments.out, arguments.frames or arguments.out / "frames")
    else:
        training_images.make(arguments.count, arguments.out, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
