"""Export the averaged weights of a checkpoint as ONNX, in the format of the Model Zoo's Tiny YOLOv3."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from .data import CLASSES
from .network import ANCHORS_PER_HEAD, POOLED, STRIDES, VALUES_BEFORE_CLASSES, Block, Convolution, Design, TinyYolo

SIDE = 416
# The app's slider starts at 0.05; average precision needs detections with lower scores.
MIN_SCORE, MAX_IOU, MAX_BOXES = 0.01, 0.45, 100
ABOUT = {
    "author": "the Edge Vision project",
    "license": "MIT",
    "description": "Tiny YOLO with three heads for road users, trained from random weights by models/training",
    "data": "road_users, road_users2, highway_views and rendered images; see models/README.md",
}


def main(argv: Sequence[str]) -> int:
    """Export; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.detector.export", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    arguments = parser.parse_args(argv)
    model, steps = load(arguments.checkpoint)
    onnx.save(to_onnx(model, {**ABOUT, "steps": str(steps)}), arguments.out)
    return 0


def load(checkpoint: Path) -> tuple[TinyYolo, int]:
    """Return the network of a checkpoint with its averaged weights, and the number of training steps."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = TinyYolo(Design(**saved["design"]))
    weights = {name.removeprefix("module."): value for name, value in saved["average"].items() if name != "n_averaged"}
    model.load_state_dict(weights)
    return model.eval(), saved["step"]


def to_onnx(model: TinyYolo, about: dict[str, str]) -> onnx.ModelProto:
    """Return the network followed by decoding and NMS.

    Inputs: input_1 (1 × 3 × 416 × 416, RGB 0 to 1, letterboxed) and image_shape (1 × 2: height and width of the frame).
    Outputs: boxes (1 × N × 4: y1, x1, y2, x2 in pixels of the frame), scores (1 × classes × N), and the selected
    boxes (1 × M × 3 int32: 0, class, box), under the names of the original.
    """
    graph = _Graph()
    x = graph.blocks(model.stages[0], graph.blocks(model.stem, "input_1"))
    finest = graph.blocks(model.stages[1], graph.halved(x))
    fine = graph.blocks(model.stages[2], graph.halved(finest))
    x = graph.block(model.neck, graph.blocks(model.stages[3], graph.halved(fine)))
    near = graph.widened(x)
    coarse = graph.block(model.gathered, graph.joined(x, near, graph.widened(near)))
    fine = graph.block(model.fine_head, graph.joined(graph.doubled(graph.block(model.up, coarse)), fine))
    finest = graph.block(model.finest_head, graph.joined(graph.doubled(graph.block(model.up_again, fine)), finest))
    features = (finest, fine, graph.block(model.coarse_head, coarse))
    predictions = [graph.head(last, x, model.design) for last, x in zip(model.outputs, features, strict=True)]
    values = graph.op("Concat", *predictions, axis=1, output="concat_values")
    _decode(graph, values, model.design)

    inputs = [
        helper.make_tensor_value_info("input_1", TensorProto.FLOAT, [1, 3, SIDE, SIDE]),
        helper.make_tensor_value_info("image_shape", TensorProto.FLOAT, [1, 2]),
    ]
    count = ANCHORS_PER_HEAD * sum((SIDE // stride) ** 2 for stride in STRIDES)
    outputs = [
        helper.make_tensor_value_info("yolonms_layer_1", TensorProto.FLOAT, [1, count, 4]),
        helper.make_tensor_value_info("yolonms_layer_1:1", TensorProto.FLOAT, [1, model.design.classes, count]),
        helper.make_tensor_value_info("yolonms_layer_1:2", TensorProto.INT32, [1, "selected", 3]),
    ]
    whole = helper.make_graph(graph.nodes, "tiny_yolov3", inputs, outputs, graph.constants)
    proto = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(proto, {"names": json.dumps(CLASSES), **about})
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _decode(graph: "_Graph", values: str, design: Design) -> None:
    """Add decoding and NMS of raw values (1 × N × 5 + classes; y, x, h, w, objectness, classes)."""
    cells, strides, anchors = _cells(design)
    places, rest = graph.op("Split", values, graph.integers([4, 1 + design.classes]), axis=2, outputs=2)
    objectness, classes = graph.op("Split", rest, graph.integers([1, design.classes]), axis=2, outputs=2)
    yx, hw = graph.op("Split", graph.op("Sigmoid", places), graph.integers([2, 2]), axis=2, outputs=2)
    # As in training: centre (2 s - 0.5 + cell) × stride, size (2 s)² × anchor.
    centre = graph.op("Add", graph.op("Mul", yx, graph.constant(2 * strides)), graph.constant((cells - 0.5) * strides))
    half = graph.op("Mul", graph.op("Mul", hw, hw), graph.constant(2 * anchors))
    corners = graph.op("Concat", graph.op("Sub", centre, half), graph.op("Add", centre, half), axis=2)

    # Invert the letterbox: the position of the frame on the canvas follows from its size, rounded as in the app.
    side = graph.constant([[SIDE, SIDE]])
    scale = graph.op("ReduceMin", graph.op("Div", side, "image_shape"), axes=[1], keepdims=1)
    scaled = graph.op("Round", graph.op("Mul", "image_shape", scale))
    margin = graph.op("Floor", graph.op("Mul", graph.op("Sub", side, scaled), graph.constant(0.5)))
    back = graph.op("Div", "image_shape", scaled)
    moved = graph.op("Sub", corners, graph.op("Concat", margin, margin, axis=1))
    graph.op("Mul", moved, graph.op("Concat", back, back, axis=1), output="yolonms_layer_1")

    likely = graph.op("Mul", graph.op("Softmax", classes, axis=2), graph.op("Sigmoid", objectness))
    graph.op("Transpose", likely, perm=[0, 2, 1], output="yolonms_layer_1:1")
    limits = graph.integers([MAX_BOXES]), graph.constant([MAX_IOU]), graph.constant([MIN_SCORE])
    selected = graph.op("NonMaxSuppression", "yolonms_layer_1", "yolonms_layer_1:1", *limits)
    selected = graph.op("Cast", selected, to=TensorProto.INT32)
    graph.op("Unsqueeze", selected, graph.integers([0]), output="yolonms_layer_1:2")


def _cells(design: Design) -> tuple[npt.NDArray[np.float32], ...]:
    """For each answer, in the order of the outputs: its cell (row, column), its stride, its anchor (height, width)."""
    cells, strides, anchors = [], [], []
    for head, stride in enumerate(STRIDES):
        count = SIDE // stride
        grid = np.stack(np.mgrid[:count, :count], axis=-1).reshape(-1, 2)
        for width, height in design.anchors_of(head):
            cells.append(grid)
            strides.append(np.full((len(grid), 1), stride))
            anchors.append(np.tile((height, width), (len(grid), 1)))
    return tuple(np.concatenate(part)[None].astype(np.float32) for part in (cells, strides, anchors))


class _Graph:
    """Collects operations and constants; each method returns the name of its output, or several names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def integers(self, value: Sequence[int]) -> str:
        return self.constant(value, np.int64)

    def op(self, kind: str, *inputs: str, output: str = "", outputs: int = 1, **attributes: Any) -> Any:
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=name, **attributes))
        return names[0] if outputs == 1 else names

    def block(self, block: Block, x: str) -> str:
        """Add a block with its batch normalisation folded into the convolution."""
        norm, convolution = block.norm, block.convolution
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kernel = convolution.kernel() * scale.view(-1, 1, 1, 1)
        bias = norm.bias - norm.running_mean * scale
        return str(self.op("Relu", self.convolution(x, kernel, bias, convolution.stride)))

    def blocks(self, blocks: Iterable[Block], x: str) -> str:
        for block in blocks:
            x = self.block(block, x)
        return x

    def halved(self, x: str) -> str:
        return str(self.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))

    def widened(self, x: str) -> str:
        return str(self.op("MaxPool", x, kernel_shape=[POOLED, POOLED], strides=[1, 1], pads=[POOLED // 2] * 4))

    def doubled(self, x: str) -> str:
        return str(self.op("Resize", x, "", self.constant([1, 1, 2, 2]), mode="nearest"))

    def joined(self, *parts: str) -> str:
        return str(self.op("Concat", *parts, axis=1))

    def convolution(self, x: str, kernel: torch.Tensor, bias: torch.Tensor, stride: int = 1) -> str:
        side = kernel.shape[-1]
        weights = self.constant(kernel.detach().numpy()), self.constant(bias.detach().numpy())
        return str(
            self.op("Conv", x, *weights, kernel_shape=[side, side], pads=[side // 2] * 4, strides=[stride, stride])
        )

    def head(self, last: Convolution, x: str, design: Design) -> str:
        """Add the last convolution of a head, with the output 1 × n × (y, x, h, w, objectness, classes)."""
        values = VALUES_BEFORE_CLASSES + design.classes
        order = [1, 0, 3, 2, *range(4, values)]
        swapped = [anchor * values + value for anchor in range(ANCHORS_PER_HEAD) for value in order]
        x = self.convolution(x, last.kernel()[swapped], last.bias[swapped])
        x = self.op("Reshape", x, self.integers([1, ANCHORS_PER_HEAD, values, -1]))
        x = self.op("Transpose", x, perm=[0, 1, 3, 2])
        return self.op("Reshape", x, self.integers([1, -1, values]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
