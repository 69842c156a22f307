"""The live settings of a processor, as viewers change them."""

import logging

from common.config.settings import LiveSettings
from common.errors import SettingsError
from common.messaging.messages import ServerMessage, SettingChange

logger = logging.getLogger(__name__)


class Live:
    """Holds the settings, which the publisher's thread replaces as a whole. Read `settings` once per frame."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings

    def handle(self, message: ServerMessage) -> None:
        """Apply a change. Called by the publisher's thread."""
        if isinstance(message, SettingChange):
            try:
                self.settings = self.settings.changed(message.name, message.value)
            except SettingsError as error:
                logger.debug("setting ignored: %s", error)
