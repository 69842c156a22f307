"""What the FrameProcessor role needs of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.config.settings import LiveSettings
from common.detection.providers import ExecutionOptions
from common.detection.tracking_options import TrackingOptions


@dataclass(frozen=True)
class ProcessorOptions:
    """`role` is its name. `input_size` is the side in pixels of an input whose size the model leaves open, or None.

    With `run`, FILE.py:NAME or package.module:NAME, this code processes the frames instead of the model, with
    `run_options` as its arguments. `tracking` adds tracks, lines and zones to either. Events are named after the
    processor, `name`, and appended to `spool`, which keeps the newest `max_events`; without one they are dropped.
    """

    model: Path
    execution: ExecutionOptions
    live: LiveSettings
    input_size: int | None = None
    role: str = "processor"
    run: str | None = None
    run_options: Mapping[str, Any] = field(default_factory=dict)
    tracking: TrackingOptions | None = None
    name: str = "main"
    spool: Path | None = None
    max_events: int = 10_000
