"""Train the bundled model: python -m models.training.detector.train --data DIR --rendered DIR --out DIR."""

import argparse
import ctypes
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from . import data
from .anchors import anchors_for
from .augment import FULL_SIDE, square
from .loss import Targets, loss
from .network import ANCHORS, Block, Design, TinyYolo

BATCH = 128
FULL_FROM = 0.9  # share of the training after which squares have the full size
SIDES = (320, 416)  # px, of the squares at the start and before the last tenth
# Of Muon and AdamW. AP50 of cars after 350 steps of 32 squares: 0.28 with Muon at 0.012, 0.17 at 0.004.
LEARNING_RATES, LAST_SHARE = (0.02, 0.005), 0.01
WARM_UP = 1 / 30  # share of the training
WEIGHT_DECAY = 0.05  # of the kernels
AVERAGED_OVER = 500  # steps: time constant of the averaged weights, which are exported
SAVE_EVERY = 500  # steps
STEPS = 10_000


def main(argv: Sequence[str]) -> int:
    """Train, or resume from the checkpoint; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.training.detector.train", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with road_users/, road_users2/ and highway_views/"
    )
    parser.add_argument("--rendered", type=Path, required=True, help="output folder of scene.render images")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.pt")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of {BATCH} squares each")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    images = data.road_users(arguments.data / "road_users") + data.road_users(arguments.data / "road_users2")
    images += data.highway_views(arguments.data / "highway_views") + data.rendered(arguments.rendered)
    keep_memory()
    Training(images, arguments.out / "checkpoint.pt", arguments.steps, arguments.seed).run()
    return 0


def keep_memory() -> None:
    """Make glibc keep freed memory (mallopt(3)), if the C library is glibc.

    A step frees and allocates gigabytes; page faults on fresh pages took a third of its time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_max = -1, -4  # M_TRIM_THRESHOLD and M_MMAP_MAX of malloc.h
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)


class Squares(Dataset[tuple[Tensor, Targets]]):
    """The batches of a training by their step: B × 3 × S × S, RGB 0 to 255, and targets.

    A batch depends only on seed and step, so that a training can be resumed.
    """

    def __init__(self, images: Sequence[data.LabelledImage], steps: int, seed: int) -> None:
        weights = np.array([data.WEIGHTS[image.source] for image in images])
        self.shares = weights / weights.sum()
        self._images = images
        self._steps = steps
        self._seed = seed

    def __getitem__(self, step: int) -> tuple[Tensor, Targets]:
        random = np.random.default_rng((self._seed, step))
        side = _side(step / self._steps, random)
        squares = [square(self._images, self.shares, side, random) for _ in range(BATCH)]
        rgb = np.stack([one.image for one in squares])[..., ::-1]
        return torch.from_numpy(np.ascontiguousarray(rgb)).permute(0, 3, 1, 2), Targets.of(squares)

    def of(self, steps: range) -> Iterator[tuple[Tensor, Targets]]:
        """Yield the batches of these steps, made in processes of their own, one for each further processor."""
        workers = max(1, (os.cpu_count() or 2) - 1)
        return iter(
            DataLoader(
                self,
                batch_size=None,
                sampler=steps,
                num_workers=workers,
                multiprocessing_context="fork",  # which shares the images
                pin_memory=torch.cuda.is_available(),
            )
        )


def _side(done: float, random: np.random.Generator) -> int:
    """Return the side of the squares at this share of the training, a multiple of 32. Small squares take less time."""
    if done >= FULL_FROM:
        return FULL_SIDE
    first, last = SIDES
    return 32 * round((first + done / FULL_FROM * (last - first)) * random.uniform(0.85, 1.15) / 32)


def _rate(step: int, steps: int) -> float:
    """Return the learning rate of a step, relative to LEARNING_RATES: a linear warm-up, then half a cosine."""
    fall = (1 + math.cos(math.pi * step / steps)) / 2
    return min(1.0, (step + 1) / (WARM_UP * steps)) * (LAST_SHARE + (1 - LAST_SHARE) * fall)


class Training:
    """A training run, from the start or from its checkpoint."""

    def __init__(self, images: Sequence[data.LabelledImage], checkpoint: Path, steps: int, seed: int) -> None:
        cv2.setNumThreads(1)  # before the processes of Squares are forked: OpenCV's threads do not survive a fork
        self._squares = Squares(images, steps, seed)
        self._checkpoint = checkpoint
        self._steps = steps
        self._seed = seed
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(seed)
        saved = torch.load(checkpoint, map_location=self._device, weights_only=True) if checkpoint.exists() else {}
        shares = self._squares.shares
        anchors = saved["design"]["anchors"] if saved else anchors_for(ANCHORS, images, shares, FULL_SIDE, seed)
        self._design = Design(len(data.CLASSES), anchors)
        self._model = TinyYolo(self._design).to(self._device, memory_format=torch.channels_last)
        self._average = AveragedModel(self._model, multi_avg_fn=_average, use_buffers=True)
        self._optimizers = _optimizers(self._model)
        self._step = 0
        if saved:
            self._load(saved)

    def run(self) -> None:
        """Train until the last step."""
        left = range(self._step, self._steps)
        with tqdm(total=self._steps, initial=self._step, unit="step", smoothing=0.02, mininterval=5) as bar:
            for images, targets in self._squares.of(left):
                value = self._learn(images, targets)
                self._step += 1
                bar.set_postfix(loss=f"{value:.2f}", side=images.shape[-1], refresh=False)
                bar.update()
                if self._step % SAVE_EVERY == 0 or self._step == self._steps:
                    self._save()

    def _learn(self, images: Tensor, targets: Targets) -> float:
        scale = _rate(self._step, self._steps)
        for optimizer, rate in zip(self._optimizers, LEARNING_RATES, strict=True):
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
        images = images.to(self._device, non_blocking=True).float().div_(255)
        with torch.autocast(self._device.type, torch.bfloat16):
            outputs = self._model(images)
        value = loss([output.float() for output in outputs], targets.to(self._device), self._design)
        value.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), 10.0)
        for optimizer in self._optimizers:
            optimizer.step()
        self._average.update_parameters(self._model)
        return value.item()

    def _state(self) -> dict[str, Any]:
        return {
            "step": self._step,
            "seed": self._seed,
            "design": asdict(self._design),
            "model": self._model.state_dict(),
            "average": self._average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    def _save(self) -> None:
        unfinished = self._checkpoint.with_suffix(".unfinished")
        torch.save(self._state(), unfinished)
        unfinished.replace(self._checkpoint)

    def _load(self, saved: dict[str, Any]) -> None:
        self._model.load_state_dict(saved["model"])
        self._average.load_state_dict(saved["average"])
        for optimizer, state in zip(self._optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self._step = saved["step"]


def _optimizers(model: nn.Module) -> list[torch.optim.Optimizer]:
    """Return Muon (Jordan 2024) for the kernels of blocks, as matrices, and AdamW for the other parameters.

    Muon equalises the scale of updates, which does not suit the output layers, whose rows have different meanings.
    """
    blocks = [module for module in model.modules() if isinstance(module, Block)]
    matrices = [block.convolution.weight for block in blocks]
    inner = set(map(id, matrices))
    others = [weight for weight in model.parameters() if id(weight) not in inner]
    return [
        torch.optim.Muon(matrices, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, weight_decay=0.0),
    ]


def _average(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int) -> None:
    """Update an exponential moving average, with a shorter time constant during the first steps."""
    kept = min(1 - 1 / AVERAGED_OVER, (1 + int(count)) / (10 + int(count)))
    for old, new in zip(averaged, current, strict=True):
        if old.is_floating_point():
            old.lerp_(new.to(old.dtype), 1 - kept)
        else:
            old.copy_(new)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
