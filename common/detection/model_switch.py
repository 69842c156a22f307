"""The model switch: loads another model beside the running one, and swaps it in between two frames."""

import logging
import threading
from collections.abc import Callable

from common.detection.detector import Detector, Inference
from common.errors import VisionError
from common.frames import Image
from common.messaging.base import Message
from common.messaging.messages import UNNAMED, Model, ModelChange, ServerMessage, Status
from common.native_threads import native_thread

logger = logging.getLogger(__name__)

COMPONENT = "model"


class ModelSwitch:
    """A Detector that becomes another one. While a model is loaded in a thread, the one before detects.

    A model that cannot be loaded changes nothing but the status that viewers see. Of several requests that come while
    one is loaded, the last is served.
    """

    def __init__(
        self,
        detector: Detector,
        load: Callable[[str], Detector],
        report: Callable[[Message], None],
        processor: str = UNNAMED,
    ) -> None:
        """`load` loads a model by its name in models/, and raises VisionError. `processor` is the name of its user."""
        self._processor = processor
        self._detector = detector
        self._load = load
        self._report = report
        self._lock = threading.Lock()  # guards the four below, used by the role, the publisher and the loading thread
        self._loaded: Detector | None = None
        self._wanted: str | None = None
        self._requested: str | None = None
        self._loading = False

    @property
    def name(self) -> str:
        """The name of the model in use."""
        return self._detector.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the model in use."""
        return self._detector.labels

    def handle(self, message: ServerMessage) -> None:
        """Begin to load the model that a viewer chose. Called by the publisher's thread; does not wait."""
        if not isinstance(message, ModelChange) or message.processor not in (None, self._processor):
            return
        with self._lock:
            if message.model == self._requested:  # the server repeats it to a role that has connected again
                return
            self._requested = self._wanted = message.model
            if self._loading:
                return
            self._loading = True
        native_thread(self._load_wanted, "model loading").start()

    def detect(self, image: Image, min_score: float) -> Inference:
        """See Detector."""
        with self._lock:
            loaded, self._loaded = self._loaded, None
        if loaded is not None:
            self._detector = loaded
            logger.info("%s is in use", loaded.name)
            self._report(Model(processor=self._processor, name=loaded.name, labels=loaded.labels))
            self._report(Status(component=COMPONENT, state="ok", message=f"{loaded.name} is in use"))
        return self._detector.detect(image, min_score)

    def rebuild(self) -> None:
        """See Detector."""
        self._detector.rebuild()

    def _load_wanted(self) -> None:
        while True:
            with self._lock:
                name, self._wanted = self._wanted, None
                if name is None:
                    self._loading = False
                    return
            try:
                loaded = self._load(name)
            except Exception as error:
                if not isinstance(error, VisionError):
                    logger.exception("the model %s cannot be loaded", name)
                text = f"{self.name} stays in use: {error}"
                logger.warning("%s", text)
                self._report(Status(component=COMPONENT, state="degraded", message=text))
                with self._lock:
                    self._requested = self._wanted  # it may be tried again
            else:
                with self._lock:
                    self._loaded = loaded
