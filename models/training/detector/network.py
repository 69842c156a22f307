"""Tiny YOLOv3 (Redmon and Farhadi 2018) of configurable width: seven convolutions with pooling, and two heads."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (16, 32)
ANCHORS_PER_HEAD = 3
ANCHORS = ANCHORS_PER_HEAD * len(STRIDES)
VALUES_BEFORE_CLASSES = 5  # x, y, w, h, objectness
SLOPE = 0.1  # of the leaky ReLU, as in Darknet
FEW_CHANNELS = 8  # minimum width: a full vector register


@dataclass(frozen=True, slots=True)
class Design:
    """Parameters of a network. `width` 1 is the original; anchors are width and height in pixels at 416."""

    classes: int
    anchors: tuple[tuple[float, float], ...]
    width: float = 0.5

    def anchors_of(self, head: int) -> tuple[tuple[float, float], ...]:
        """Return the anchors of a head; head 0 has stride 16 and the smaller anchors."""
        return self.anchors[ANCHORS_PER_HEAD * head : ANCHORS_PER_HEAD * (head + 1)]


class Convolution(nn.Module):
    """A convolution with stride 1 and same padding. Its weight is a matrix, out × (in · k · k), which Muon requires."""

    def __init__(self, inputs: int, outputs: int, side: int, *, bias: bool) -> None:
        super().__init__()
        self.shape = (outputs, inputs, side, side)
        weight = torch.empty(self.shape)
        nn.init.kaiming_normal_(weight, a=SLOPE)
        self.weight = nn.Parameter(weight.reshape(outputs, -1))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def kernel(self) -> Tensor:
        """Return the weight, out × in × k × k."""
        return self.weight.view(self.shape)

    def forward(self, x: Tensor) -> Tensor:
        """Map B × in × H × W to B × out × H × W."""
        return functional.conv2d(x, self.kernel(), self.bias, padding=self.shape[2] // 2)


class Block(nn.Module):
    """Convolution, batch normalisation, leaky ReLU and, with `pool`, a max pooling that halves height and width."""

    def __init__(self, inputs: int, outputs: int, side: int = 3, *, pool: bool = False) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs, side, bias=False)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.03)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Map B × in × H × W to B × out × H × W, or × H/2 × W/2 with pooling."""
        x = self.convolution(x)
        if x.shape[1] == FEW_CHANNELS:
            # With few channels, batch normalisation in PyTorch is ten times slower in channels-last layout (measured).
            x = self.norm(x.contiguous()).contiguous(memory_format=torch.channels_last)
        else:
            x = self.norm(x)
        if self.pool:
            # Pooling before the monotonic ReLU gives the same result with a quarter of the work.
            x = functional.max_pool2d(x, 2)
        return functional.leaky_relu(x, SLOPE)


class TinyYolov3(nn.Module):
    """The network, up to its raw outputs."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        widths = [max(FEW_CHANNELS, round(channels * design.width)) for channels in (16, 32, 64, 128, 256, 512, 1024)]
        c16, c32, c64, c128, c256, c512, c1024 = widths
        outputs = ANCHORS_PER_HEAD * (VALUES_BEFORE_CLASSES + design.classes)
        self.stem = nn.Sequential(
            Block(3, c16, pool=True),
            Block(c16, c32, pool=True),
            Block(c32, c64, pool=True),
            Block(c64, c128, pool=True),
        )
        self.fine = Block(c128, c256)
        # The original has another max pooling here, with stride 1; this network leaves it out.
        self.coarse = nn.Sequential(Block(c256, c512), Block(c512, c1024), Block(c1024, c256, 1))
        self.coarse_head = nn.Sequential(Block(c256, c512), Convolution(c512, outputs, 1, bias=True))
        self.up = Block(c256, c128, 1)
        self.fine_head = nn.Sequential(Block(c128 + c256, c256), Convolution(c256, outputs, 1, bias=True))
        for head in (self.fine_head, self.coarse_head):
            values = head[1].bias.detach().view(ANCHORS_PER_HEAD, -1)
            values[:, 4] = -5.0  # initial objectness near 0

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map B × 3 × S × S, RGB 0 to 1, to raw outputs B × 3 · (5 + classes) × S/16 × S/16, and × S/32 × S/32."""
        fine = self.fine(self.stem(images))
        coarse = self.coarse(functional.max_pool2d(fine, 2))
        up = functional.interpolate(self.up(coarse), scale_factor=2)
        return self.fine_head(torch.cat((up, fine), 1)), self.coarse_head(coarse)


def by_anchor(raw: Tensor, anchors: int = ANCHORS_PER_HEAD) -> Tensor:
    """Reshape the raw output of a head from B × 3 · V × G × G to B × 3 × G × G × V."""
    batch, _, height, width = raw.shape
    return raw.view(batch, anchors, -1, height, width).permute(0, 1, 3, 4, 2)
