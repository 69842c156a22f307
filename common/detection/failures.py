"""Frames that fail: logged, shown to viewers, and after a while a reason to end the role."""

import logging

from common.errors import ProcessorError, VisionError
from common.messaging.messages import State, Status
from common.pacing import Clock, Throttle
from common.transport import Publisher

logger = logging.getLogger(__name__)

# When every frame fails for this long, the cause is not the frames: memory is exhausted, say, and a new process may
# succeed. A model that always fails ends four times a minute, below the limit at which the supervisor gives it up.
FAILING_S = 15.0
COMPONENT = "your code"


class Failures:
    """Successive failures. A fault of user code is logged and shown once, until it changes or a frame succeeds."""

    def __init__(self, clock: Clock, processor: str | None) -> None:
        """`processor` names the processor in statuses."""
        self._processor = processor
        self._clock = clock
        self._log = Throttle(1, clock)  # one line a second at most
        self._since: float | None = None
        self._shown = ""

    def add(self, error: Exception, publisher: Publisher) -> None:
        """Handle the failure of a frame. Raises VisionError when all have failed for FAILING_S."""
        if isinstance(error, ProcessorError):
            if str(error) != self._shown:
                self._shown = str(error)
                logger.error("your code failed on a frame: %s", error)
                self._report(publisher, "degraded", self._shown)
        elif self._log.due():
            logger.exception("a frame could not be processed")
        now = self._clock()
        if self._since is None:
            self._since = now
        if now - self._since > FAILING_S:
            raise VisionError(f"no frame could be processed for {FAILING_S:.0f} s: {error}") from error

    def clear(self, publisher: Publisher) -> None:
        """Handle a frame that succeeded."""
        self._since = None
        if self._shown:
            self._shown = ""
            self._report(publisher, "ok", "runs again")

    def _report(self, publisher: Publisher, state: State, message: str) -> None:
        publisher.send(Status(component=COMPONENT, processor=self._processor, state=state, message=message))
