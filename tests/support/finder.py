"""A graph that finds a red and a blue rectangle by arithmetic, and the layout of its input.

Class 0 is red, class 1 blue. It depends on nothing but its input: a wrong colour order gives the wrong class, a wrong
normalisation nothing, and a wrong placement a wrong box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto

from tests.support.onnx_models import BLUE_SCORE, NO_METADATA, RED_SCORE, Dims, Graph, tensor

STRIDES = (8, 16, 32)
RGB, BGR = (0, 2), (2, 0)  # the channels of red and blue
HALF, MIDDLE, MEAN = 0.5, 127.0, 0.0  # between dark and bright: of 0 to 1, of 0 to 255, and of normalised levels


@dataclass(frozen=True)
class Layout:
    """What a model is fed and sees: canvas (height, width), channels of red and blue, what is bright, element type."""

    canvas: tuple[int, int] = (320, 320)
    channels: tuple[int, int] = RGB
    threshold: float = HALF
    element: int = TensorProto.FLOAT
    dynamic: bool = False


UNIT = Layout()
LEVELS = Layout(channels=BGR, threshold=MIDDLE)
NORMALISED = Layout(threshold=MEAN)
NORMALISED_BGR = Layout(channels=BGR, threshold=MEAN)


class Finder:
    """A graph with the two rectangles found: `corners` (x1, y1, x2, y2) and `present` (0 or 1) of each."""

    def __init__(self, layout: Layout, *, batched: bool = True) -> None:
        self.graph = Graph()
        self.layout = layout
        self.batched = batched
        image = self.graph.op("Cast", "images", to=TensorProto.FLOAT)
        if not batched:
            image = self.graph.op("Unsqueeze", image, self.graph.constant([0], np.int64))
        self.corners: list[str] = []
        self.present: list[str] = []
        for channel in layout.channels:
            found, present = self.graph.find(image, channel, layout.threshold)
            self.corners.append(self.graph.op("Gather", found, self.graph.constant([1, 0, 3, 2], np.int64)))
            self.present.append(present)

    def cells(self, strides: Sequence[int] = STRIDES, *, per_stride: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """The columns and rows (n × 2) and the strides (n × 1) of all cells, each grid `per_stride` times."""
        places, sizes = [], []
        for stride in strides:
            height, width = (-(-side // stride) for side in self.layout.canvas)
            rows, columns = np.mgrid[:height, :width]
            grid = np.stack((columns.ravel(), rows.ravel()), axis=1)
            places += [grid] * per_stride
            sizes += [np.full((len(grid), 1), stride)] * per_stride
        return np.concatenate(places), np.concatenate(sizes)

    def boxes(self, points: np.ndarray, strides: np.ndarray) -> tuple[str, str]:
        """Boxes [n, 4] in pixels and scores [n, 2] predicted at these points of cells of these strides.

        A rectangle is found at the points within 1.5 strides of its centre; where both are, the second one.
        """
        graph = self.graph
        places, reach = graph.constant(points), graph.constant(1.5 * strides)
        boxes = graph.constant(np.hstack((points - 0.4 * strides, points + 0.4 * strides)))
        scores: list[str] = []
        for corners, present, score in zip(self.corners, self.present, (RED_SCORE, BLUE_SCORE), strict=True):
            centre = graph.op("Gather", self.centred(corners), graph.constant([0, 1], np.int64))
            distances = graph.op("Abs", graph.op("Sub", places, centre))
            near = self.number(graph.op("LessOrEqual", distances, reach))
            near = graph.op("Mul", graph.op("ReduceMin", near, graph.constant([1], np.int64), keepdims=1), present)
            boxes = graph.op("Where", graph.op("Cast", near, to=TensorProto.BOOL), corners, boxes)
            taken = graph.op("Sub", graph.constant(1), near)
            scores = [graph.op("Mul", earlier, taken) for earlier in scores]
            scores.append(graph.op("Mul", near, graph.constant(score)))
        return boxes, graph.op("Concat", *scores, axis=1)

    def grid(self, strides: Sequence[int] = STRIDES, *, per_stride: int = 1) -> tuple[str, str]:
        """As `boxes`, for all cells."""
        places, sizes = self.cells(strides, per_stride=per_stride)
        return self.boxes((places + 0.5) * sizes, sizes)

    def rows(self, count: int) -> tuple[str, str]:
        """The two rectangles as boxes [count, 4] in pixels and scores [count, 2], followed by rows of 0."""
        graph = self.graph
        boxes = [graph.op("Unsqueeze", corners, graph.constant([0], np.int64)) for corners in self.corners]
        weights = [graph.constant([[RED_SCORE, 0]]), graph.constant([[0, BLUE_SCORE]])]
        scores = [graph.op("Mul", weight, present) for weight, present in zip(weights, self.present, strict=True)]
        boxes.append(graph.constant(np.zeros((count - 2, 4))))
        scores.append(graph.constant(np.zeros((count - 2, 2))))
        return graph.op("Concat", *boxes, axis=0), graph.op("Concat", *scores, axis=0)

    def centred(self, boxes: str) -> str:
        """Boxes [n, 4] as cx, cy, w, h."""
        matrix = [[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]]
        return self.graph.op("MatMul", boxes, self.graph.constant(matrix))

    def fractions(self, boxes: str) -> str:
        """Boxes in pixels as fractions of the canvas."""
        height, width = self.layout.canvas
        return self.graph.op("Div", boxes, self.graph.constant([width, height, width, height]))

    def best(self, scores: str) -> tuple[str, str]:
        """The best score [n, 1] of each row, and its class [n, 1] as a float."""
        score = self.graph.op("ReduceMax", scores, self.graph.constant([1], np.int64), keepdims=1)
        return score, self.number(self.graph.op("ArgMax", scores, axis=1, keepdims=1))

    def number(self, values: str) -> str:
        """Values as float32."""
        return self.graph.op("Cast", values, to=TensorProto.FLOAT)

    def constant_columns(self, like: str, count: int) -> str:
        """`count` columns of 0.5, as many rows as `like`: values that the app is to ignore."""
        column = self.graph.op("Slice", like, *(self.graph.constant([each], np.int64) for each in (0, 1, 1)))
        half = self.graph.op("Add", self.graph.op("Mul", column, self.graph.constant(0)), self.graph.constant(0.5))
        return self.graph.op("Concat", *[half] * count, axis=1)

    def save(
        self,
        path: Path,
        outputs: Mapping[str, str],
        shapes: Mapping[str, Dims],
        *,
        integers: Sequence[str] = (),
        size_input: str = "",
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> Path:
        """Write the model, with `outputs` (name → value) in the element type of the input and declared as `shapes`."""
        halved = self.layout.element == TensorProto.FLOAT16
        element = TensorProto.FLOAT16 if halved else TensorProto.FLOAT
        declared = []
        for name, value in outputs.items():
            kind = TensorProto.INT64 if name in integers else element
            self.graph.op("Cast", value, to=kind, output=name)
            declared.append(tensor(name, shapes[name], kind))
        height, width = ("height", "width") if self.layout.dynamic else self.layout.canvas
        batch: list[int | str] = ["batch" if self.layout.dynamic else 1] if self.batched else []
        inputs = [tensor("images", [*batch, 3, height, width], self.layout.element)]
        if size_input:
            inputs.append(tensor(size_input, ["N", 2], TensorProto.INT64))
        return self.graph.save(path, inputs, declared, metadata)
