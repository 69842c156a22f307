"""Quantise: an exported model with its convolutions in 8-bit integers, calibrated on training pictures."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static

from common.detection.formats.contracts import TinyYolov3
from common.detection.tensors import TensorSpec

from . import data
from .data import Picture

PICTURES = 150  # of each set


def main(argv: Sequence[str]) -> int:
    """Quantise as the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.detector.quantize", description=__doc__)
    parser.add_argument("model", type=Path, help="what models.training.detector.export wrote")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--data", type=Path, required=True, help="folder with road_users/")
    parser.add_argument("--rendered", type=Path, required=True, help="folder that scene.render pictures wrote")
    wanted = parser.parse_args(argv)
    random = np.random.default_rng(0)
    sets = data.road_users(wanted.data / "road_users"), data.rendered(wanted.rendered)
    pictures = [one[number] for one in sets for number in random.permutation(len(one))[:PICTURES]]
    quantize_static(
        wanted.model,
        wanted.out,
        Calibration(pictures),
        nodes_to_quantize=to_quantize(onnx.load(wanted.model).graph),
        per_channel=True,
        # Seven bits: the products of two eights overflow on processors without dot products of their own (x86 before
        # VNNI).
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"CalibMovingAverage": True},
    )
    return 0


def to_quantize(graph: onnx.GraphProto) -> list[str]:
    """The network up to its heads. Their last convolutions stay as they are: scores and places are too fine for it."""
    nodes = [node for node in graph.node if node.op_type in ("Conv", "LeakyRelu", "MaxPool", "Resize", "Concat")]
    network = nodes[: [node.name for node in nodes].index("concat_values")]
    activated = {node.input[0] for node in network if node.op_type == "LeakyRelu"}
    return [node.name for node in network if node.op_type != "Conv" or node.output[0] in activated]


class Calibration(CalibrationDataReader):
    """Feeds pictures as the app does."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._feeds: Iterator[dict[str, Any]] = map(self._feed, pictures)
        image = TensorSpec("input_1", "float", (1, 3, 416, 416))
        self._contract = TinyYolov3(image, TensorSpec("image_shape", "float", (1, 2)), ("", "", ""))

    def _feed(self, picture: Picture) -> dict[str, Any]:
        return {name: values.copy() for name, values in self._contract.prepare(picture.image).items()}

    def get_next(self) -> dict[str, Any] | None:
        """The next feed; None at the end."""
        return next(self._feeds, None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
