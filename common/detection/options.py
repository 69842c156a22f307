"""What the FrameProcessor role needs of the settings."""

from dataclasses import dataclass
from pathlib import Path

from common.config.settings import LiveSettings
from common.detection.providers import ExecutionOptions


@dataclass(frozen=True)
class ProcessorOptions:
    """`input_size` is the side in pixels of the input of a model that leaves its size open, None for its own."""

    model: Path
    execution: ExecutionOptions
    live: LiveSettings
    input_size: int | None = None
