"""Small real ONNX models of two formats, which find a red and a blue rectangle by arithmetic instead of weights.

Both have two classes, "red" (0) and "blue" (1), score red 0.9 and blue 0.8, and depend on nothing but their
input: swapped colours give the wrong class, and a wrong letterbox a wrong box.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper, save

Dims = Sequence[int | str]

RED_SCORE, BLUE_SCORE = 0.9, 0.8
NO_METADATA: Mapping[str, str] = {}


def save_tiny_yolov3(
    path: Path,
    *,
    side: int | None = 416,
    index_type: int = TensorProto.INT64,
    flat_indices: bool = False,
    shuffled: bool = False,
    metadata: Mapping[str, str] = NO_METADATA,
) -> Path:
    """Write a model of selected boxes, as Tiny YOLOv3 is, with NMS inside.

    `side` None leaves every dimension open, as the file of the ONNX Model Zoo does; the model then wants 416.
    `flat_indices` gives the selection as [M, 3]; `shuffled` declares inputs and outputs in another order.
    """
    graph = Graph()
    canvas = graph.constant([side or 416] * 2)
    frame = graph.op("Reshape", "image_shape", graph.constant([2], np.int64))
    scale = graph.op("ReduceMin", graph.op("Div", canvas, frame), keepdims=1)
    scaled = graph.op("Round", graph.op("Mul", frame, scale))
    half = graph.constant([0.5])
    margin = graph.op("Floor", graph.op("Mul", graph.op("Sub", canvas, scaled), half))
    boxes, presences = [], []
    for channel in (0, 2):  # the input is RGB
        corners, present = graph.find("input_1", channel, 0.5)
        corners = graph.op("Reshape", corners, graph.constant([2, 2], np.int64))
        fractions = graph.op("Div", graph.op("Sub", corners, margin), scaled)
        boxes.append(graph.op("Reshape", graph.op("Mul", fractions, frame), graph.constant([1, 1, 4], np.int64)))
        presences.append(present)
    # Box 0 is never anyone's best; red is box 1 and blue box 2, so that box and class ids differ.
    graph.op("Concat", graph.constant([[[0, 0, 1, 1]]]), *boxes, axis=1, output="boxes")
    weights = graph.constant([[[0.1, RED_SCORE, 0], [0.1, 0, BLUE_SCORE]]])
    presence = graph.op("Concat", graph.constant([1]), *presences, axis=0)
    graph.op("Mul", weights, presence, output="scores")
    limit, iou, threshold = graph.constant([10], np.int64), graph.constant([0.5]), graph.constant([0.05])
    selected = graph.op("NonMaxSuppression", "boxes", "scores", limit, iou, threshold)
    selected = graph.op("Cast", selected, to=index_type)
    shape = [-1, 3] if flat_indices else [1, -1, 3]
    graph.op("Reshape", selected, graph.constant(shape, np.int64), output="selected")

    image_dims: Dims = [1, 3, side, side] if side else ["batch", 3, "height", "width"]
    inputs = [tensor("input_1", image_dims), tensor("image_shape", [1, 2] if side else ["batch", 2])]
    outputs = [
        tensor("boxes", [1, "N", 4] if side else ["a", "b", "c"]),
        tensor("scores", [1, 2, "N"] if side else ["d", "e", "f"]),
        tensor("selected", ["M", 3] if flat_indices else ["g", "h", "i"], index_type),
    ]
    if shuffled:
        inputs.reverse()
        outputs.reverse()
    return graph.save(path, inputs, outputs, metadata)


def save_yolox(
    path: Path,
    *,
    height: int = 416,
    width: int = 416,
    classes: int = 2,
    dynamic: bool = False,
    overconfidence: float = 1,
    metadata: Mapping[str, str] = NO_METADATA,
) -> Path:
    """Write an offset grid, as YOLOX is: all cells of stride 8 find the red rectangle, all others the blue one.

    `classes` beyond two never score. With `dynamic` the file leaves its dimensions open. `overconfidence`
    multiplies the scores, beyond 1 if need be.
    """
    graph = Graph()
    cells, strides = [], []
    for stride in (8, 16, 32):
        for row in range(height // stride):
            for column in range(width // stride):
                cells.append((column, row))
                strides.append((stride,))
    sees_red = np.array(strides) == 8
    class_scores = np.zeros((1, len(cells), classes))
    class_scores[0, :, :2] = np.hstack((sees_red, ~sees_red)) * overconfidence

    red = graph.raw_grid("images", 2, cells, strides, RED_SCORE)  # the input is BGR
    blue = graph.raw_grid("images", 0, cells, strides, BLUE_SCORE)
    boxes = graph.op("Where", graph.constant(sees_red[None], np.bool_), red, blue)
    graph.op("Concat", boxes, graph.constant(class_scores), axis=2, output="output")
    inputs = [tensor("images", ["batch", 3, "height", "width"] if dynamic else [1, 3, height, width])]
    outputs = [tensor("output", ["batch", "cells", "values"] if dynamic else [1, len(cells), 5 + classes])]
    return graph.save(path, inputs, outputs, metadata)


def save_constant(
    path: Path,
    image: Dims,
    outputs: Sequence[npt.NDArray[np.float32]],
    metadata: Mapping[str, str] = NO_METADATA,
    *,
    declared: Sequence[Dims] = (),
    element: int = TensorProto.FLOAT,
) -> Path:
    """Write a model that gives these outputs for every frame, declared with their shapes or as `declared`.

    Their shapes are computed from the frame, so that onnxruntime sees a difference only when it runs the model.
    """
    graph = Graph()
    names = [f"output{index}" for index in range(len(outputs))]
    number = graph.op("Cast", graph.op("ReduceMax", "images", keepdims=0), to=TensorProto.FLOAT)
    nothing = graph.op("Mul", number, graph.constant(0))
    for name, values in zip(names, outputs, strict=True):
        shape = graph.op("Add", graph.constant(values.shape), nothing)
        graph.op("Reshape", graph.constant(values), graph.op("Cast", shape, to=TensorProto.INT64), output=name)
    shapes = declared or [values.shape for values in outputs]
    declarations = [tensor(name, shape) for name, shape in zip(names, shapes, strict=True)]
    return graph.save(path, [tensor("images", image, element)], declarations, metadata)


def save_identity(path: Path, dims: Dims) -> Path:
    """Write a model that returns its only input."""
    graph = Graph()
    graph.op("Identity", "x", output="y")
    return graph.save(path, [tensor("x", dims)], [tensor("y", dims)], {})


def save_failing(path: Path) -> Path:
    """Write a model that declares an offset grid and fails as soon as it runs."""
    graph = Graph()
    graph.op("Reshape", "images", graph.constant([1, 3549, 7], np.int64), output="output")
    image = tensor("images", ["batch", 3, "height", "width"])
    return graph.save(path, [image], [tensor("output", [1, 3549, 7])], {})


def tensor(name: str, dims: Dims, element: int = TensorProto.FLOAT) -> ValueInfoProto:
    """The declaration of an input or output."""
    return helper.make_tensor_value_info(name, element, dims)


class Graph:
    """Collects operations and constants; each call gives the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def find(self, image: str, channel: int, threshold: float) -> tuple[str, str]:
        """Where `channel` of `image` is above `threshold` and the others are not.

        Gives the box y1, x1, y2, x2 in pixels of the canvas [4], and 1 or 0 for whether there is such a place [1].
        """
        bright = self.op("Greater", image, self.constant(threshold))
        pattern = self.constant(np.eye(3)[channel].reshape(1, 3, 1, 1), np.bool_)
        mask = self.op("Cast", self.op("Equal", bright, pattern), to=TensorProto.FLOAT)
        mask = self.op("ReduceMin", mask, self.constant([0, 1], np.int64), keepdims=0)
        edges = []
        for last in (0, 1):
            for other_axis in (1, 0):
                line = self.op("ReduceMax", mask, self.constant([other_axis], np.int64), keepdims=0)
                edge = self.op("ArgMax", line, axis=0, keepdims=1, select_last_index=last)
                edge = self.op("Cast", edge, to=TensorProto.FLOAT)
                edges.append(self.op("Add", edge, self.constant([last])))
        present = self.op("ReduceMax", mask, self.constant([0, 1], np.int64), keepdims=0)
        return self.op("Concat", *edges, axis=0), self.op("Reshape", present, self.constant([1], np.int64))

    def raw_grid(self, image: str, channel: int, cells: object, strides: object, score: float) -> str:
        """YOLOX's x, y, w, h, objectness [1, cells, 5], each cell containing the box that `find` returns."""
        corners, present = self.find(image, channel, 127)
        lefts = self.op("Gather", corners, self.constant([1, 0], np.int64))
        rights = self.op("Gather", corners, self.constant([3, 2], np.int64))
        strides = self.constant([strides])
        centre = self.op("Mul", self.op("Add", lefts, rights), self.constant(0.5))
        xy = self.op("Sub", self.op("Div", centre, strides), self.constant([cells]))
        wh = self.op("Log", self.op("Div", self.op("Sub", rights, lefts), strides))
        objectness = self.op("Mul", present, self.constant(score))
        objectness = self.op("Expand", objectness, self.op("Shape", strides))
        return self.op("Concat", xy, wh, objectness, axis=2)

    def save(
        self, path: Path, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto], metadata: Mapping[str, str]
    ) -> Path:
        graph = helper.make_graph(self._nodes, "finder", inputs, outputs, self._constants)
        # Opset 18 is the first with all of these operations; onnxruntime has read it since 1.14.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model)
        save(model, path)
        return path
