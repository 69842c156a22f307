"""Quantise the convolutions of an exported model to 8-bit integers, calibrated on training images."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static

from common.detection.formats.selected_boxes import SelectedBoxes
from common.detection.preprocessing.canvas import Canvas

from . import data
from .data import LabelledImage

IMAGES = 100  # from each set


def main(argv: Sequence[str]) -> int:
    """Quantise; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.detector.quantize", description=__doc__)
    parser.add_argument("model", type=Path, help="output of models.training.detector.export")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--data", type=Path, required=True, help="folder with road_users/ and road_users2/")
    parser.add_argument("--rendered", type=Path, required=True, help="output folder of scene.render images")
    arguments = parser.parse_args(argv)
    random = np.random.default_rng(0)
    folders = arguments.data / "road_users", arguments.data / "road_users2"
    sets = [*map(data.road_users, folders), data.rendered(arguments.rendered)]
    images = [one[number] for one in sets for number in random.permutation(len(one))[:IMAGES]]
    quantize_static(
        arguments.model,
        arguments.out,
        Calibration(images),
        nodes_to_quantize=to_quantize(onnx.load(arguments.model).graph),
        per_channel=True,
        # 7-bit weights: on x86 without VNNI, 8-bit products saturate ("reduce_range" in the quantisation
        # documentation of ONNX Runtime).
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"CalibMovingAverage": True},
    )
    return 0


def to_quantize(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes to quantise: all of the network but its first block and its last convolutions.

    An integer convolution of three channels takes longer than one of floats (measured); the outputs of the last ones
    need full precision.
    """
    nodes = [node for node in graph.node if node.op_type in ("Conv", "Relu", "MaxPool", "Resize", "Concat")]
    network = nodes[2 : [node.name for node in nodes].index("concat_values")]
    activated = {node.input[0] for node in network if node.op_type == "Relu"}
    return [node.name for node in network if node.op_type != "Conv" or node.output[0] in activated]


class Calibration(CalibrationDataReader):
    """Feeds images with the pre-processing of the app."""

    def __init__(self, images: Sequence[LabelledImage]) -> None:
        self._feeds: Iterator[dict[str, Any]] = map(self._feed, images)
        self._canvas = Canvas((416, 416), np.float32, SelectedBoxes.preprocessing)

    def _feed(self, image: LabelledImage) -> dict[str, Any]:
        place = self._canvas.place(image.image)
        return {"input_1": self._canvas.pixels[None].copy(), "image_shape": np.array([place.frame], np.float32)}

    def get_next(self) -> dict[str, Any] | None:
        """Return the next feed, or None at the end."""
        return next(self._feeds, None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
