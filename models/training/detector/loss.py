"""The loss: assigns anchors to boxes, and adds errors of box, objectness and class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .augment import Square
from .data import ANY, IGNORED
from .network import STRIDES, VALUES_BEFORE_CLASSES, Design, by_anchor

MAX_RATIO = 4.0  # an anchor is assigned to boxes up to four times wider, narrower, higher or lower
EVERYTHING = 255  # in a map: neither object nor background
MISSING = 0.3  # where boxes may be missing, predictions without a box are ignored from this objectness
BOX, OBJECTNESS, CLASS = 8.0, 36.0, 3.0  # weights; objectness is a mean over all cells, most of them empty
# Weights of the objectness of the heads: of four times as many cells, fewer hold an object.
CELLS = (4.0, 2.0, 1.0)


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of a batch. `maps`: per head, B × G × G: bits of classes whose boxes may be missing, or EVERYTHING."""

    owners: Tensor  # n: index of the square of a box
    kinds: Tensor  # n: its class, or ANY
    boxes: Tensor  # n × 4: centre and size, pixels
    maps: tuple[Tensor, ...]

    @classmethod
    def of(cls, squares: Sequence[Square]) -> "Targets":
        """Return the targets of a batch of squares of the same size."""
        owners = np.repeat(np.arange(len(squares)), [len(square.kinds) for square in squares])
        kinds = np.concatenate([square.kinds for square in squares])
        boxes = np.concatenate([square.boxes for square in squares])
        clear = kinds >= ANY
        centred = np.concatenate(((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]), axis=1)
        return cls(
            torch.from_numpy(owners[clear]),
            torch.from_numpy(kinds[clear]),
            torch.from_numpy(centred[clear]),
            tuple(torch.from_numpy(np.stack([_map(square, stride) for square in squares])) for stride in STRIDES),
        )

    def to(self, device: torch.device) -> "Targets":
        """Return a copy on another device."""
        maps = tuple(one.to(device) for one in self.maps)
        return Targets(self.owners.to(device), self.kinds.to(device), self.boxes.to(device), maps)


def _map(square: Square, stride: int) -> np.ndarray:
    half = stride // 2
    judged = square.unlabelled[half::stride, half::stride].copy()
    for x1, y1, x2, y2 in (square.boxes[square.kinds == IGNORED] / stride).tolist():
        judged[int(y1) : math.ceil(y2), int(x1) : math.ceil(x2)] = EVERYTHING
    return judged


def loss(outputs: Sequence[Tensor], targets: Targets, design: Design) -> Tensor:
    """Return the loss of a batch of raw outputs, a scalar."""
    total = outputs[0].new_zeros(())
    for head, (raw, stride, judged) in enumerate(zip(outputs, STRIDES, targets.maps, strict=True)):
        values = by_anchor(raw)
        anchors = raw.new_tensor(design.anchors_of(head))
        objectness = values[..., 4]
        aim = torch.zeros_like(objectness)
        found = objectness.detach().sigmoid() > MISSING
        kinds = values[..., VALUES_BEFORE_CLASSES:].detach().argmax(-1)
        unlabelled = (judged[:, None] >> kinds) & 1 > 0
        weight = 1 - ((judged == EVERYTHING)[:, None] | (unlabelled & found)).float()
        box, anchor, column, row = _assign(targets, anchors, stride, raw.shape[-1])
        if len(box):
            owner, kind = targets.owners[box], targets.kinds[box]
            predicted = values[owner, anchor, row, column]
            centre = (predicted[:, :2].sigmoid() * 2 - 0.5 + torch.stack((column, row), 1)) * stride
            size = (predicted[:, 2:4].sigmoid() * 2) ** 2 * anchors[anchor]
            iou, complete = _complete_iou(torch.cat((centre, size), 1), targets.boxes[box])
            total = total + BOX * (1 - complete).mean()
            aim[owner, anchor, row, column] = iou.detach().clamp(0)
            weight[owner, anchor, row, column] = 1
            classed = kind >= 0
            if classed.any():
                total = total + CLASS * functional.cross_entropy(
                    predicted[classed][:, VALUES_BEFORE_CLASSES:], kind[classed]
                )
        share = OBJECTNESS * CELLS[head]
        total = total + share * functional.binary_cross_entropy_with_logits(objectness, aim, weight)
    return total


def _assign(targets: Targets, anchors: Tensor, stride: int, cells: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the indices of box, anchor, column and row of each assignment.

    A box is assigned to every anchor of similar shape, in the cell of its centre and in the two nearest adjacent cells,
    as in YOLOv5. That is more assignments per box than in YOLOv3, which a short training needs.
    """
    ratios = targets.boxes[:, None, 2:] / anchors
    box, anchor = (torch.maximum(ratios, 1 / ratios).amax(2) < MAX_RATIO).nonzero(as_tuple=True)
    place = targets.boxes[box, :2] / stride
    steps = place.new_tensor(((0, 0), (-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)))
    at = (place[:, None] + steps).floor().long()  # n × 5 × 2
    inside = ((at >= 0) & (at < cells)).all(2)
    inside[:, 1:] &= (at[:, 1:] != at[:, :1]).any(2)
    pair, step = inside.nonzero(as_tuple=True)
    column, row = at[pair, step].unbind(1)
    return box[pair], anchor[pair], column, row


def _complete_iou(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return IoU and complete IoU (Zheng et al. 2020) of pairs of boxes, both n × 4 as centre and size."""
    low, high = boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2
    other_low, other_high = others[:, :2] - others[:, 2:] / 2, others[:, :2] + others[:, 2:] / 2
    shared = (torch.minimum(high, other_high) - torch.maximum(low, other_low)).clamp(0).prod(1)
    iou = shared / (boxes[:, 2:].prod(1) + others[:, 2:].prod(1) - shared + 1e-7)
    around = (torch.maximum(high, other_high) - torch.minimum(low, other_low)).square().sum(1) + 1e-7
    apart = (boxes[:, :2] - others[:, :2]).square().sum(1)
    angles = torch.atan(others[:, 2] / others[:, 3]) - torch.atan(boxes[:, 2] / (boxes[:, 3] + 1e-7))
    unlike = 4 / math.pi**2 * angles.square()
    with torch.no_grad():
        trade = unlike / (1 - iou + unlike + 1e-7)
    return iou, iou - apart / around - trade * unlike
