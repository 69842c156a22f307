"""What the FrameProcessor role needs of the settings."""

from dataclasses import dataclass
from pathlib import Path

from common.config.settings import LiveSettings
from common.detection.preprocessing.placement import Size
from common.detection.providers import ExecutionOptions


@dataclass(frozen=True)
class ProcessorOptions:
    """`input_size` is height and width in pixels of the input of a model that leaves them open, None for its own."""

    model: Path
    execution: ExecutionOptions
    live: LiveSettings
    input_size: Size | None = None
