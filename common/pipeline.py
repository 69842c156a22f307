"""The pipeline: composes the roles from the settings and an implementation, and runs them."""

import socket
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from common.capture.options import ProviderOptions
from common.capture.outputs import ProviderOutput
from common.changes import Changes
from common.config.access import access_token
from common.config.sections import CameraSettings, ProcessorSettings
from common.config.settings import Settings
from common.descriptions import camera_info, source_name
from common.detection.options import ProcessorOptions
from common.detection.providers import ExecutionOptions
from common.errors import SettingsError, SpoolError
from common.events.spool import Spool
from common.interfaces import FrameMemory, FrameReader, Runtime
from common.messaging.messages import Rates, label
from common.model_zoo.resolve import model_names
from common.queues import Queues
from common.server.guard.tls import tls_of
from common.server.listen import listen
from common.server.loopback import LoopbackTransport
from common.server.options import ServerOptions
from common.sinks.options import SinksOptions
from common.supervision.role import Role
from common.supervision.supervisor import Supervisor
from common.targets import process, provide, send_events, serve
from common.transport import Ingest, Receiver

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - only compared with


@dataclass(frozen=True)
class Comparison:
    """Data that one of two compared apps needs of the other, and `roles` to run in addition.

    `public` is the socket on which this app listens, `other_port` the port of the other one on the same host, and
    `start_s` the monotonic time at which the clip of both began.
    """

    public: socket.socket
    other_port: int
    start_s: float
    token: str | None
    roles: tuple[Role, ...] = ()


class Pipeline:
    """Owns what outlives a run of a role: the listening socket, the transport, the queues and the live settings."""

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        comparison: Comparison | None = None,
        settings_file: Path | None = None,
    ) -> None:
        """`settings` are those of resolve_settings, `settings_file` is where viewers may save. Starts nothing.

        Raises SettingsError, AddressError and ResourceError.
        """
        self._settings = settings
        self._runtime = runtime
        self._comparison = comparison
        self._settings_file = settings_file
        self._tls = tls_of(settings)
        self.token = comparison.token if comparison else access_token(settings)
        self._changes = Changes(settings.live)
        # Listens from before the first start of the server until after its last end: a connection made meanwhile waits
        # in the backlog instead of being refused.
        self._public = comparison.public if comparison else self._listen()
        self._transport = runtime.transport or LoopbackTransport()
        self._queues = Queues(settings, runtime)

    def _listen(self) -> socket.socket | None:
        """Return the public socket, or None on a node without a server. Raises AddressError."""
        settings = self._settings
        return listen(settings.host, settings.port) if settings.is_here(*settings.server.node) else None

    def links(self) -> list[str]:
        """Return the addresses of the page: on this machine, and for others. Only a generated token is part of them.

        A token that the user gave must not be in the output, which a service manager writes to its journal.
        """
        if self._public is None:
            return []
        host, port = self._settings.host, self._public.getsockname()[1]
        names = ["localhost", socket.gethostname()] if host in ANY_ADDRESS else [host.replace("127.0.0.1", "localhost")]
        generated = self.token if self._settings.token is None else None
        query = f"?token={quote(generated, safe='')}" if generated else ""
        scheme = "https" if self._tls else "http"
        return [f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}/{query}" for name in names]

    def run(self, stop_requested: Callable[[], bool], on_started: Callable[[], None]) -> list[str]:
        """Run until stop is requested, and return the names of roles that could not be ended.

        `on_started` is called once every role has started: a source or a model that cannot be used has then ended the
        app. Raises UserError and HungError (see Supervisor).
        """
        register_sinks(self._settings)
        supervision = self._transport.ingest("supervisor")
        with self._public or nullcontext(), self._transport, supervision.publisher(self._changes.keep) as publisher:
            supervisor = Supervisor(self._roles(), self._runtime, self._queues.replace, publisher.send)
            try:
                supervisor.start()
                supervisor.run(lambda: stop_requested() or supervisor.started())
                if supervisor.started():
                    on_started()
                supervisor.run(stop_requested)
            finally:
                left = supervisor.end()
        return left

    def _roles(self) -> list[Role]:
        settings = self._settings
        roles = [self._server_role(self._public)] if self._public else []
        roles += [self._provider_role(camera) for camera in settings.cameras if settings.is_here(camera.node)]
        for processor in settings.processors:
            workers = [each for each in range(1, processor.workers + 1) if settings.is_here(processor.node_of(each))]
            roles += [self._processor_role(processor, worker) for worker in workers]
        if settings.sinks and any(settings.is_here(*each.node) for each in settings.processors):
            roles.append(self._sinks_role())
        return roles + list(self._comparison.roles if self._comparison else ())

    def _server_role(self, public: socket.socket) -> Role:
        camera, processor, comparison = self._settings.cameras[0], self._settings.processors[0], self._comparison
        options = ServerOptions(
            implementation=self._runtime.name,
            source=source_name(camera.source),
            rates=Rates(capture_fps=camera.capture_fps, ui_fps=camera.ui_fps, queue_fps=processor.fps),
            live=self._changes.live(processor),
            token=self.token,
            other_port=comparison.other_port if comparison else None,
            tls=self._tls,
            models=model_names(),
            cameras=tuple(camera_info(each) for each in self._settings.cameras),
            allowed_origins=self._settings.allowed_origins,
            settings_file=self._settings_file,
            detect_sources=frozenset(each.name for each in self._settings.cameras if each.detect_source),
        )

        def arguments() -> tuple[ServerOptions, socket.socket, Receiver]:
            processors = tuple(self._changes.info(each) for each in self._settings.processors)
            changed = replace(options, live=self._changes.live(processor), processors=processors)
            return changed, public, self._transport.receiver

        return Role("server", "server", serve, arguments)

    def _provider_role(self, camera: CameraSettings) -> Role:
        options = ProviderOptions(
            role=self._role_name("provider", camera.name),
            camera=camera.name,
            label=label(camera.name, self._settings.cameras),
            source=camera.source,
            detect_source=camera.detect_source,
            capture_fps=camera.capture_fps,
            ui_fps=camera.ui_fps,
            ui_width=camera.ui_width,
            jpeg_quality=camera.jpeg_quality,
            start_s=self._comparison.start_s if self._comparison else None,
        )

        def arguments() -> tuple[ProviderOptions, Ingest, FrameMemory, Sequence[ProviderOutput]]:
            ingest = self._transport.ingest(options.role)
            return options, ingest, self._queues.memory(camera.name), self._queues.outputs(camera.name)

        return Role(
            options.role,
            "provider",
            provide,
            arguments,
            self._queues.of_camera(camera.name),
            camera=options.label,
        )

    def _processor_role(self, processor: ProcessorSettings, worker: int) -> Role:
        number = f" {worker}" if processor.workers > 1 else ""
        options = ProcessorOptions(
            role=self._role_name("processor", processor.name) + number,
            name=processor.name,
            label=label(processor.name, self._settings.processors),
            model=Path(processor.model),
            execution=ExecutionOptions(processor.provider, processor.device, Path(self._settings.cache_folder)),
            live=self._changes.live(processor),
            input_size=processor.input_size,
            run=processor.run,
            reload=self._settings.reload and processor.runs_file,
            run_options=processor.options,
            spool=Path(self._settings.event_file) if self._settings.sinks else None,
            max_events=self._settings.keep_events,
        )

        def arguments() -> tuple[ProcessorOptions, Ingest, FrameReader]:
            return (
                replace(options, live=self._changes.live(processor), tracking=self._changes.tracking(processor)),
                self._transport.ingest(options.role),
                self._queues.reader(processor.name, worker),
            )

        return Role(
            options.role,
            "processor",
            process,
            arguments,
            self._queues.of_worker(processor.name, worker),
            processor=options.label,
        )

    def _sinks_role(self) -> Role:
        options = SinksOptions(
            sinks=self._settings.sinks,
            spool=Path(self._settings.event_file),
            max_events=self._settings.keep_events,
            ingest=self._transport.ingest("sinks"),
        )
        return Role("sinks", "sinks", send_events, lambda: (options,))

    def _role_name(self, kind: str, name: str) -> str:
        """Return `kind` alone while there is one camera and one processor."""
        several = len(self._settings.cameras) > 1 or len(self._settings.processors) > 1
        return f"{kind} {name}" if several else kind


def register_sinks(settings: Settings) -> None:
    """Create the event spool, so that a sink gets every event from the start on. Raises SettingsError."""
    if not settings.sinks:
        return
    try:
        with Spool(Path(settings.event_file), settings.keep_events) as spool:
            for sink in settings.sinks:
                spool.add_sink(sink.name)
    except SpoolError as error:
        raise SettingsError(f"event_file: {error}") from error
