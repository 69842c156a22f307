"""Tensors: the inputs and outputs of a model, as it declares them and as it gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from common.text import printable_line

Tensors: TypeAlias = Sequence[npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output as the model declares it. `shape` has None where a dimension is left open."""

    name: str
    type: str
    shape: tuple[int | None, ...]

    def fits(self, types: tuple[str, ...], shape: tuple[int | None, ...]) -> bool:
        """Whether it is one of `types` and can have `shape`, where None stands for any size."""
        return (
            self.type in types
            and len(self.shape) == len(shape)
            and all(None in (have, want) or have == want for have, want in zip(self.shape, shape, strict=True))
        )

    def __str__(self) -> str:
        shape = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{printable_line(self.name, 60)} {self.type} [{shape}]"


def listed(specs: Sequence[TensorSpec]) -> str:
    """The inputs or outputs of a model for a message: one line of at most 500 characters."""
    return printable_line("; ".join(map(str, specs)), 500)


def as_float32(outputs: Tensors) -> Tensors:
    """`outputs` with floats of 16 bits as 32: NumPy computes with them in software, many times slower."""
    return [output.astype(np.float32) if output.dtype == np.float16 else output for output in outputs]
