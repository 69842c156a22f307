"""TLS: the certificate and the key that the public port is served with, and what they must be."""

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.config.settings import Settings
from common.errors import SettingsError

logger = logging.getLogger(__name__)

RENEWAL_CHECK_S = 60.0


@dataclass(frozen=True)
class Tls:
    """Two PEM files: the certificate with those that vouch for it, and its private key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What to serve with. Raises SettingsError for a file that cannot be read, is no PEM, or fits not the other."""
        # This purpose stands for a server's end; it asks no certificate of viewers.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # 1.0 and 1.1 are broken; players of cameras may lack 1.3
        for name, path in (("tls_cert", self.certificate), ("tls_key", self.key)):
            try:
                path.open("rb").close()
            except OSError as error:
                raise SettingsError(f"{name}: cannot read {str(path)!r}: {error.strerror}") from error
        try:
            self._load(context)
        except ssl.SSLError as error:
            fault = "the key is of another certificate" if error.reason == "KEY_VALUES_MISMATCH" else "no PEM"
            raise SettingsError(f"tls_cert {str(self.certificate)!r} and tls_key {str(self.key)!r}: {fault}") from error
        return context

    async def follow_renewals(self, context: ssl.SSLContext) -> None:
        """Let `context` serve with the files of each renewal, which comes every few weeks. What is unfit is logged."""
        known = self._changed_at()
        while True:
            await asyncio.sleep(RENEWAL_CHECK_S)
            if (changed_at := self._changed_at()) == known:
                continue
            try:
                self.context()  # a trial: the context in use would lose its key to a certificate that does not fit
                self._load(context)
            except (SettingsError, OSError) as error:
                logger.error("the old certificate is kept: %s", error)  # and tried again, since a mere chmod may help
            else:
                known = changed_at
                logger.info("the certificate was renewed")

    def _changed_at(self) -> list[int]:
        """When the files were written; nothing while one of them is away."""
        with suppress(OSError):
            return [path.stat().st_mtime_ns for path in (self.certificate, self.key)]
        return []

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self.certificate, self.key, password=self._refuse_passphrase)

    def _refuse_passphrase(self) -> str:
        """Called for a key that has one: OpenSSL would ask the terminal, and no one sits there."""
        raise SettingsError(f"tls_key: {str(self.key)!r} has a passphrase; give a key without")


def tls_of(settings: Settings) -> Tls | None:
    """The files of these settings, tried; None where none are set. Raises SettingsError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    tls = Tls(Path(settings.tls_cert).expanduser(), Path(settings.tls_key).expanduser())
    tls.context()
    return tls
