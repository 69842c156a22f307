"""A node: the router through which its roles send frames and messages, in the process that starts them."""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from common.errors import ResourceError
from common.shortage import shortage
from multiprocessing_impl.stop_signal import StopSignal

from . import keys
from .admission import Admission
from .clocks import answering
from .connections import setting_options
from .hub_link import HubLink
from .kept_changes import keeping_changes
from .link import Link
from .link_check import LinkCheck
from .presence import Component
from .publisher import Ingest
from .receiver import Receiver
from .session import RouterOptions, open_router
from .socket_folder import SOCKET, new_folder, remove_stale_folders


class Node:
    """Listens on a Unix socket for its roles, and to the other nodes or their hub."""

    def __init__(self, options: RouterOptions, nodes: Mapping[str, tuple[Component, ...]]) -> None:
        """`nodes` are the others, with what they run. Starts nothing. Raises SettingsError."""
        self._options = options
        self._nodes = nodes
        self.folder = new_folder()
        cameras = {camera: each.node for each in options.rights for camera in each.cameras}
        self.link = Link(options.node, self.folder / SOCKET, cameras)
        self.receiver = Receiver(self.link, options.rights, nodes)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the router. Raises SettingsError, and ResourceError where no role could be started."""
        try:
            StopSignal()  # each role gets one, which has a file without a name
        except OSError as error:
            raise ResourceError(f"no role can be started: {shortage(error) or error}") from error
        remove_stale_folders()
        self.folder.mkdir(mode=0o700)
        self._open.callback(shutil.rmtree, self.folder, ignore_errors=True)
        router = open_router(self.link.socket, self._options)
        self._open.callback(router.close)
        self._open.enter_context(setting_options(router))
        self._open.enter_context(LinkCheck().watching(router))
        if self._options.hub is not None:
            watch = Admission(self._options.rights) if self._options.listens else HubLink(self._options)
            self._open.enter_context(watch.watching(router))
        if self._nodes:
            rights = next(each for each in self._options.rights if each.node == self.link.node)
            if rights.processors:
                self._open.enter_context(keeping_changes(router, rights))
        self._open.enter_context(answering(router, self.link.node))
        self._open.enter_context(router.liveliness().declare_token(keys.alive(self.link.node)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def ingest(self, role: str) -> Ingest:
        """Return the link of a role."""
        return Ingest(self.link, role)
