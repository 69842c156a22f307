"""Options of the FrameProcessor role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.config.settings import LiveSettings
from common.detection.providers import ExecutionOptions
from common.detection.tracking_options import TrackingOptions


@dataclass(frozen=True)
class ProcessorOptions:
    """`name` is that of the processor, `role` that of this worker of it.

    `label` is its name in a Status, None for the only processor without a name.

    `input_size` is the side in pixels of an input whose size the model leaves open, None for its own.

    With `run`, FILE.py:NAME or package.module:NAME, this code processes the frames instead of the model, with
    `run_options` as its arguments, and with `reload` in its newest version. `tracking` adds tracks, lines and zones to
    either. Events are named after the processor, `name`, sent to the server, and appended to `spool`, which keeps the
    newest `max_events` for the sinks; None without sinks.
    """

    model: Path
    execution: ExecutionOptions
    live: LiveSettings
    input_size: int | None = None
    role: str = "processor"
    name: str = "main"
    label: str | None = None
    run: str | None = None
    reload: bool = False
    run_options: Mapping[str, Any] = field(default_factory=dict)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    spool: Path | None = None
    max_events: int = 10_000
