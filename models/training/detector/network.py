"""A Tiny YOLO: a plain chain of convolutions with three heads, after Tiny YOLOv3 (Redmon and Farhadi 2018)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
ANCHORS_PER_HEAD = 3
ANCHORS = ANCHORS_PER_HEAD * len(STRIDES)
VALUES_BEFORE_CLASSES = 5  # x, y, w, h, objectness
STEM = (16, 32)  # output channels of the first two convolutions, with stride 2
# Channels and number of the 3×3 convolutions of each stage. A stage begins with a pooling, except the first.
STAGES = ((32, 2), (96, 2), (128, 3), (256, 3))
NECK = 128  # channels that describe the whole image
UP = (64, 32)  # channels that are passed to the next finer head
HEADS = (96, 128, 256)  # channels before the output of each head
POOLED = 5  # side of the poolings that widen the receptive field, as in YOLOv5


@dataclass(frozen=True, slots=True)
class Design:
    """Parameters of a network. Anchors are width and height in pixels at 416."""

    classes: int
    anchors: tuple[tuple[float, float], ...]

    def anchors_of(self, head: int) -> tuple[tuple[float, float], ...]:
        """Return the anchors of a head; head 0 has stride 8 and the smallest anchors."""
        return self.anchors[ANCHORS_PER_HEAD * head : ANCHORS_PER_HEAD * (head + 1)]


class Convolution(nn.Module):
    """A convolution with padding on all sides. Its weight is a matrix, out × (in · k · k), which Muon requires."""

    def __init__(self, inputs: int, outputs: int, side: int, stride: int, *, bias: bool) -> None:
        super().__init__()
        self.shape = (outputs, inputs, side, side)
        self.stride = stride
        weight = torch.empty(self.shape)
        nn.init.kaiming_normal_(weight)
        self.weight = nn.Parameter(weight.reshape(outputs, -1))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def kernel(self) -> Tensor:
        """Return the weight, out × in × k × k."""
        return self.weight.view(self.shape)

    def forward(self, x: Tensor) -> Tensor:
        """Map B × in × H × W to B × out × H/stride × W/stride."""
        return functional.conv2d(x, self.kernel(), self.bias, self.stride, padding=self.shape[2] // 2)


class Block(nn.Module):
    """Convolution, batch normalisation and ReLU, which ONNX Runtime computes as one integer operation."""

    def __init__(self, inputs: int, outputs: int, side: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs, side, stride, bias=False)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        """Map B × in × H × W to B × out × H/stride × W/stride."""
        return functional.relu(self.norm(self.convolution(x)))


class TinyYolo(nn.Module):
    """The network, up to its raw outputs."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        outputs = ANCHORS_PER_HEAD * (VALUES_BEFORE_CLASSES + design.classes)
        self.stem = nn.Sequential(Block(3, STEM[0], stride=2), Block(*STEM, stride=2))
        widths = (STEM[-1], *(width for width, _ in STAGES))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(inputs if number == 0 else width, width) for number in range(count)))
            for inputs, (width, count) in zip(widths, STAGES, strict=False)
        )
        self.neck = Block(widths[-1], NECK, 1)
        self.gathered = Block(3 * NECK, NECK, 1)
        self.up = Block(NECK, UP[0], 1)
        self.up_again = Block(HEADS[1], UP[1], 1)
        self.finest_head = Block(UP[1] + widths[2], HEADS[0])
        self.fine_head = Block(UP[0] + widths[3], HEADS[1])
        self.coarse_head = Block(NECK, HEADS[2])
        self.outputs = nn.ModuleList(Convolution(width, outputs, 1, 1, bias=True) for width in HEADS)
        for last in self.outputs:
            last.bias.detach().view(ANCHORS_PER_HEAD, -1)[:, 4] = -5.0  # initial objectness near 0

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map B × 3 × S × S, RGB 0 to 1, to the outputs of the heads, B × 3 · (5 + classes) × S/8 × S/8 and so on."""
        x = self.stages[0](self.stem(images))
        finest = self.stages[1](functional.max_pool2d(x, 2))
        fine = self.stages[2](functional.max_pool2d(finest, 2))
        x = self.neck(self.stages[3](functional.max_pool2d(fine, 2)))
        near = _widened(x)
        coarse = self.gathered(torch.cat((x, near, _widened(near)), 1))
        fine = self.fine_head(torch.cat((_doubled(self.up(coarse)), fine), 1))
        finest = self.finest_head(torch.cat((_doubled(self.up_again(fine)), finest), 1))
        features = (finest, fine, self.coarse_head(coarse))
        return tuple(last(x) for last, x in zip(self.outputs, features, strict=True))


def _widened(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, POOLED, stride=1, padding=POOLED // 2)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2)


def by_anchor(raw: Tensor, anchors: int = ANCHORS_PER_HEAD) -> Tensor:
    """Reshape the raw output of a head from B × 3 · V × G × G to B × 3 × G × G × V."""
    batch, _, height, width = raw.shape
    return raw.view(batch, anchors, -1, height, width).permute(0, 1, 3, 4, 2)
