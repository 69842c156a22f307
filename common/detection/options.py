"""What the FrameProcessor role needs of the settings."""

from dataclasses import dataclass
from pathlib import Path

from common.config.settings import LiveSettings
from common.detection.providers import ExecutionOptions


@dataclass(frozen=True)
class ProcessorOptions:
    """`role` is a name. `input_size` is the side in pixels of an input whose size the model leaves open, or None."""

    model: Path
    execution: ExecutionOptions
    live: LiveSettings
    input_size: int | None = None
    role: str = "processor"
