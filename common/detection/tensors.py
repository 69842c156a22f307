"""Tensors: the inputs and outputs of a model, as it declares them and as it gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy.typing as npt

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
        return f"{self.name} {self.type} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"
