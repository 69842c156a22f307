"""The pipeline: composes the roles from the settings and an implementation, and runs them."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from common.capture.options import ProviderOptions
from common.config.settings import Settings, access_token
from common.detection.options import ProcessorOptions
from common.detection.providers import ExecutionOptions
from common.errors import SettingsError
from common.interfaces import LatestQueue, Runtime, StopSignal
from common.messaging.messages import Rates, ServerMessage, SettingChange
from common.messaging.publisher import Ingest, Publisher
from common.server.guard.tls import tls_of
from common.server.listen import listen
from common.server.options import ServerOptions
from common.supervision.role import Role
from common.supervision.supervisor import Supervisor
from common.text import redact

QUEUE = "provider to processor"
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - only compared with


@dataclass(frozen=True)
class Comparison:
    """What one of two compared apps has to know of the other, and `roles` to run beside its own.

    `public` is the socket on which this app listens, `other_port` the port of the other one on the same host, and
    `start_s` the monotonic time at which the clip of both began.
    """

    public: socket.socket
    other_port: int
    start_s: float
    roles: tuple[Role, ...] = ()


class Pipeline:
    """Owns what outlives a run of a role: the two listening sockets, the queue and the live settings."""

    def __init__(self, settings: Settings, runtime: Runtime, comparison: Comparison | None = None) -> None:
        """`settings` are those of resolve_settings. Starts nothing.

        Raises SettingsError, AddressError and ResourceError.
        """
        refuse_several(settings)
        self._settings = settings
        self._runtime = runtime
        source = settings.cameras[0].source
        self._model = Path(settings.processors[0].model)
        self.source_name = redact(source) if "://" in source else Path(source).name
        self.model_name = self._model.name
        self._tls = tls_of(settings)
        self.token = access_token(settings)
        # Replaced as a whole by the publisher's thread, read at each start of a role.
        self._live = settings.live.changed("min_score", settings.processors[0].min_score)
        # Both listen from before the first start of the server until after its last end: a connection made meanwhile
        # waits in the backlog instead of being refused.
        self._public = comparison.public if comparison else listen(settings.host, settings.port)
        self._ingest = listen("127.0.0.1", 0)
        self._ingest_token = secrets.token_urlsafe()
        self._memory = runtime.frame_memory(1)
        self._queue = runtime.latest_queue(self._memory, QUEUE)
        self._comparison = comparison
        self.port: int = self._public.getsockname()[1]

    def links(self) -> list[str]:
        """Return the addresses of the page, with the token if one is needed: on this machine, and for others."""
        host = self._settings.host
        names = ["localhost", socket.gethostname()] if host in ANY_ADDRESS else [host.replace("127.0.0.1", "localhost")]
        query = f"?token={quote(self.token, safe='')}" if self.token else ""
        scheme = "https" if self._tls else "http"
        return [f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port}/{query}" for name in names]

    def run(self, stop_requested: Callable[[], bool]) -> list[str]:
        """Run until stop is requested, and return the names of roles that could not be ended.

        Raises UserError and HungError (see Supervisor).
        """
        with self._public, self._ingest, Publisher(self._ingest_address(), self._keep_setting) as publisher:
            supervisor = Supervisor(self._roles(), self._runtime, self._rebuild_queue, publisher.send)
            try:
                supervisor.start()
                supervisor.run(stop_requested)
            finally:
                left = supervisor.end()
        return left

    def _roles(self) -> list[Role]:
        settings, ingest = self._settings, self._ingest_address()
        (camera,), (each,) = settings.cameras, settings.processors
        execution = ExecutionOptions(each.provider, each.device, Path(settings.cache_folder))
        processor_options = ProcessorOptions(self._model, execution, self._live, each.input_size)
        comparison = self._comparison
        provider_options = ProviderOptions(
            camera=camera.name,
            source=camera.source,
            capture_fps=camera.capture_fps,
            ui_fps=camera.ui_fps,
            queue_fps=each.fps,
            jpeg_quality=camera.jpeg_quality,
            start_s=comparison.start_s if comparison else None,
        )
        options = ServerOptions(
            implementation=self._runtime.name,
            source=self.source_name,
            rates=Rates(capture_fps=camera.capture_fps, ui_fps=camera.ui_fps, queue_fps=each.fps),
            live=self._live,
            token=self.token,
            ingest_token=self._ingest_token,
            other_port=comparison.other_port if comparison else None,
            tls=self._tls,
        )
        return [
            Role("server", server, lambda: (replace(options, live=self._live), self._public, self._ingest)),
            Role("provider", provider, lambda: (provider_options, ingest, self._queue), frozenset({QUEUE})),
            Role(
                "processor",
                processor,
                lambda: (replace(processor_options, live=self._live), ingest, self._queue),
                frozenset({QUEUE}),
            ),
            *(comparison.roles if comparison else ()),
        ]

    def _keep_setting(self, message: ServerMessage) -> None:
        """Keep a live setting for a server or a processor that is started again."""
        if isinstance(message, SettingChange):
            self._live = self._live.changed(message.name, message.value)

    def _rebuild_queue(self, _: str) -> None:
        self._queue = self._runtime.latest_queue(self._memory, QUEUE)

    def _ingest_address(self) -> Ingest:
        return Ingest(f"ws://127.0.0.1:{self._ingest.getsockname()[1]}/ingest", self._ingest_token)


def refuse_several(settings: Settings) -> None:
    """Raise SettingsError for settings that no role can follow yet."""
    (camera, *cameras), (processor, *processors) = settings.cameras, settings.processors
    for is_set, what in (
        (cameras, "several cameras"),
        (processors, "several processors"),
        (camera.detect_source, "a detect_source"),
        (processor.workers > 1, "several workers of a processor"),
    ):
        if is_set:
            raise SettingsError(f"{what} cannot be run by this version")


# A role imports its libraries where it runs: the parent of the processes stays small and starts fast.


def server(options: ServerOptions, public: socket.socket, ingest: socket.socket, stop: StopSignal) -> None:
    """Run the UiServer."""
    from common.server.app import run_server

    run_server(options, public, ingest, stop)


def provider(options: ProviderOptions, ingest: Ingest, queue: LatestQueue, stop: StopSignal) -> None:
    """Run the FrameProvider."""
    from common.capture.frame_provider import run_provider

    run_provider(options, ingest, queue, stop)


def processor(options: ProcessorOptions, ingest: Ingest, queue: LatestQueue, stop: StopSignal) -> None:
    """Run the FrameProcessor."""
    from common.detection.frame_processor import run_processor

    run_processor(options, ingest, queue, stop)
