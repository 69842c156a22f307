"""Contracts: what a model wants to be fed and what its outputs mean, told by its own inputs and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol

import cv2
import numpy as np

from common.detection.boxes import Floats, Integers, Letterbox, nms, with_area
from common.detection.tensors import Tensors, TensorSpec
from common.errors import ModelError
from common.frames import Image
from common.text import plain

# The side of the canvas where a model leaves it open: what Tiny YOLOv3 and the small YOLOX were trained at.
DEFAULT_SIDE = 416
MAX_SIDE = 4096  # a larger canvas is a mistake, and may not fit the memory

# A model may say anything, infinity too: such boxes and scores are left out, and need no warning.
quiet = np.errstate(all="ignore")


@dataclass(frozen=True, slots=True)
class Objects:
    """What a model found in a frame, best first: class ids (n), scores (n), boxes (n × 4) as fractions of the frame."""

    class_ids: Integers
    scores: Floats
    boxes: Floats


class Contract(Protocol):
    """How to talk to one kind of model. Holds the buffers of one model; used from one thread."""

    outputs: tuple[str, ...]
    """The names of the outputs, in the order in which `class_count` and `parse` want them."""

    def prepare(self, image: Image) -> dict[str, Floats]:
        """What to feed for `image`. The arrays are the contract's own, and overwritten by the next call."""

    def class_count(self, outputs: Tensors) -> int:
        """How many classes the model tells apart. Raises ModelError when the outputs break the contract."""

    def parse(self, outputs: Tensors, frame: tuple[int, int], min_score: float) -> Objects:
        """The objects in a frame of this size (height, width in pixels) that score at least `min_score`."""


def recognise(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Contract:
    """The contract that fits these inputs and outputs. Raises ModelError, saying what is there and what would fit."""
    contract = TinyYolov3.match(inputs, outputs) or Yolox.match(inputs, outputs)
    if contract is None:
        raise ModelError(
            f"inputs {_listed(inputs)} and outputs {_listed(outputs)} fit no known contract: "
            f"expected {TinyYolov3.EXPECTED}, or {Yolox.EXPECTED}"
        )
    return contract


def _listed(specs: Sequence[TensorSpec]) -> str:
    return plain("; ".join(map(str, specs)), 500)


class TinyYolov3:
    """Tiny YOLOv3 as in the ONNX Model Zoo (tiny-yolov3-11.onnx): it undoes the letterbox and does NMS itself.

    In: the image, RGB 0 to 1, letterboxed in the middle of grey 128; its own height and width in pixels.
    Out: boxes y1, x1, y2, x2 in pixels of the frame; a score per class and box; (batch, class, box) of those to keep.
    """

    EXPECTED = (
        "Tiny YOLOv3 (inputs image float [1, 3, 416, 416]; image_shape float [1, 2] and outputs "
        "boxes float [1, N, 4]; scores float [1, classes, N]; selected int32 or int64 [1, M, 3])"
    )

    def __init__(self, image: TensorSpec, image_shape: TensorSpec, outputs: tuple[str, str, str]) -> None:
        self.outputs: tuple[str, ...] = outputs
        self._canvas = Canvas(image, padding=128, scale=1 / 255, centred=True, rgb=True)
        self._image, self._image_shape = image.name, image_shape.name

    @classmethod
    def match(cls, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> "TinyYolov3 | None":
        """The contract, where these are its inputs and outputs, in whatever order."""
        # Boxes and scores can look alike with dimensions left open: a declared 4 goes first, else the order decides.
        outputs = sorted(outputs, key=lambda output: output.shape[-1:] != (4,))
        for image, image_shape in permutations(inputs) if len(inputs) == 2 else ():
            for boxes, scores, selected in permutations(outputs) if len(outputs) == 3 else ():
                if (
                    image.fits(("float",), (1, 3, None, None))
                    and image_shape.fits(("float",), (1, 2))
                    and boxes.fits(("float",), (1, None, 4))
                    and scores.fits(("float",), (1, None, None))
                    and (
                        selected.fits(("int32", "int64"), (1, None, 3)) or selected.fits(("int32", "int64"), (None, 3))
                    )
                ):
                    return cls(image, image_shape, (boxes.name, scores.name, selected.name))
        return None

    def prepare(self, image: Image) -> dict[str, Floats]:
        """See Contract."""
        return {self._image: self._canvas.place(image), self._image_shape: np.array([image.shape[:2]], np.float32)}

    def class_count(self, outputs: Tensors) -> int:
        """See Contract."""
        boxes, scores, selected = outputs
        if scores.ndim != 3 or boxes.shape != (1, scores.shape[2], 4) or selected.shape[-1:] != (3,):
            shapes = ", ".join(str(list(output.shape)) for output in outputs)
            raise ModelError(f"gave outputs of shape {shapes}; expected {self.EXPECTED}")
        return int(scores.shape[1])

    @quiet
    def parse(self, outputs: Tensors, frame: tuple[int, int], min_score: float) -> Objects:
        """See Contract."""
        boxes, scores, selected = outputs
        triples = selected.reshape(-1, 3)
        # Exports that give a fixed number of selections fill up with -1.
        real = ((triples >= 0) & (triples < scores.shape)).all(axis=1)
        _, class_ids, box_ids = triples[real].T
        found = scores[0, class_ids, box_ids]
        pixels = boxes[0, box_ids][:, [1, 0, 3, 2]]
        # The model has undone the letterbox: its pixels are the frame's own.
        fractions = Letterbox(0, 0, width=frame[1], height=frame[0]).to_fractions(pixels)
        kept = np.flatnonzero((found >= min_score) & with_area(fractions))
        kept = kept[np.argsort(-found[kept], kind="stable")]
        return Objects(class_ids[kept], found[kept], fractions[kept])


class Yolox:
    """YOLOX as its own export writes it: a raw grid, to be decoded and put through NMS here.

    In: the image, BGR 0 to 255, letterboxed at the top left of grey 114.
    Out: for every cell of three grids x, y, w, h, objectness and a score per class. The box's centre is (xy + cell) ×
    stride, its size exp(wh) × stride, in pixels of the canvas; its score is objectness × class
    (Ge et al., "YOLOX: Exceeding YOLO Series in 2021").
    """

    EXPECTED = (
        "YOLOX (input float [1, 3, H, W] with H and W multiples of 32, "
        "and output float [1, H × W × 21 / 1024, 5 + classes])"
    )

    STRIDES = (8, 16, 32)
    MAX_IOU = 0.45  # what YOLOX's own demos use

    def __init__(self, image: TensorSpec, output: TensorSpec) -> None:
        self.outputs: tuple[str, ...] = (output.name,)
        self._canvas = Canvas(image, padding=114, scale=1, centred=False, rgb=False)
        self._image = image.name
        self._cells, self._strides = _grid(self._canvas.size, self.STRIDES)

    @classmethod
    def match(cls, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> "Yolox | None":
        """The contract, where these are its input and output."""
        if len(inputs) != 1 or len(outputs) != 1 or not inputs[0].fits(("float",), (1, 3, None, None)):
            return None
        height, width = canvas_size(inputs[0])
        cells = sum((height // stride) * (width // stride) for stride in cls.STRIDES)
        whole = height % max(cls.STRIDES) == 0 and width % max(cls.STRIDES) == 0
        return cls(*inputs, *outputs) if whole and outputs[0].fits(("float",), (1, cells, None)) else None

    def prepare(self, image: Image) -> dict[str, Floats]:
        """See Contract."""
        return {self._image: self._canvas.place(image)}

    def class_count(self, outputs: Tensors) -> int:
        """See Contract."""
        (grid,) = outputs
        if grid.shape[:2] != (1, len(self._cells)) or grid.shape[2:] < (6,):
            raise ModelError(f"gave an output of shape {list(grid.shape)}; expected {self.EXPECTED}")
        return int(grid.shape[2]) - 5

    @quiet
    def parse(self, outputs: Tensors, frame: tuple[int, int], min_score: float) -> Objects:
        """See Contract."""
        grid: Floats = outputs[0][0]
        # No score exceeds its objectness: nearly every cell is out before its 80 classes are looked at.
        cells = np.flatnonzero(grid[:, 4] >= min_score)
        class_ids = grid[cells, 5:].argmax(axis=1)
        scores = grid[cells, 4] * grid[cells, 5 + class_ids]
        likely = scores >= min_score
        cells, class_ids, scores = cells[likely], class_ids[likely], scores[likely]

        centres = (grid[cells, :2] + self._cells[cells]) * self._strides[cells]
        # e^20 is beyond any frame; without the bound a wild value overflows.
        halves = np.exp(np.minimum(grid[cells, 2:4], 20)) * self._strides[cells] / 2
        letterbox = Letterbox.fit(frame, self._canvas.size, centred=False)
        boxes = letterbox.to_fractions(np.hstack((centres - halves, centres + halves)))
        visible = with_area(boxes)
        class_ids, scores, boxes = class_ids[visible], scores[visible], boxes[visible]

        kept = nms(boxes, scores, class_ids, self.MAX_IOU)
        return Objects(class_ids[kept], scores[kept], boxes[kept])


class Canvas:
    """A model's image input: one buffer, kept from frame to frame, into which each frame is letterboxed."""

    def __init__(self, image: TensorSpec, *, padding: int, scale: float, centred: bool, rgb: bool) -> None:
        self.size = canvas_size(image)
        self._pixels = np.empty((1, 3, *self.size), np.float32)
        self._padding = padding
        self._scale = np.float32(scale)
        self._centred = centred
        self._channels = slice(None, None, -1 if rgb else 1)
        self._letterbox: Letterbox | None = None
        self._resized = np.empty((0, 0, 3), np.uint8)

    def place(self, image: Image) -> Floats:
        """The image on the canvas (1 × 3 × height × width). Overwritten by the next call."""
        letterbox = Letterbox.fit((image.shape[0], image.shape[1]), self.size, centred=self._centred)
        if letterbox != self._letterbox:
            self._letterbox = letterbox
            self._resized = np.empty((letterbox.height, letterbox.width, 3), np.uint8)
            self._pixels.fill(self._padding * self._scale)
        cv2.resize(image, (letterbox.width, letterbox.height), dst=self._resized, interpolation=cv2.INTER_LINEAR)
        rows = slice(letterbox.top, letterbox.top + letterbox.height)
        columns = slice(letterbox.left, letterbox.left + letterbox.width)
        planes = self._resized.transpose(2, 0, 1)[self._channels]
        np.multiply(planes, self._scale, out=self._pixels[0, :, rows, columns])
        return self._pixels


def canvas_size(image: TensorSpec) -> tuple[int, int]:
    """Height and width in pixels of an image input [batch, 3, height, width]. Raises ModelError for a huge one."""
    height, width = image.shape[2] or DEFAULT_SIDE, image.shape[3] or DEFAULT_SIDE
    if max(height, width) > MAX_SIDE:
        raise ModelError(f"wants an image of {width} × {height} pixels; at most {MAX_SIDE} × {MAX_SIDE} are allowed")
    return height, width


def _grid(size: tuple[int, int], strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """For each cell of each grid, row by row: its column and row (n × 2), and its stride in pixels (n × 1)."""
    cells, strides_of = [], []
    for stride in strides:
        rows, columns = np.mgrid[: size[0] // stride, : size[1] // stride]
        cells.append(np.stack((columns.ravel(), rows.ravel()), axis=1))
        strides_of.append(np.full((rows.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides_of).astype(np.float32)
