"""TLS of the public port: loads the certificate and its private key, and reloads them when the files change."""

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
    """Paths of two PEM files: the certificate followed by its intermediate certificates, and its private key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return a context for a server.

        Raises SettingsError for a file that cannot be read or is not PEM, and for a key of another certificate.
        """
        # CLIENT_AUTH creates a context for server sockets; it does not request a certificate from clients.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996 deprecates 1.0 and 1.1; some video players lack 1.3
        for name, path in (("tls_cert", self.certificate), ("tls_key", self.key)):
            try:
                path.open("rb").close()
            except OSError as error:
                raise SettingsError(f"{name}: cannot read {str(path)!r}: {error.strerror}") from error
        try:
            self._load(context)
        except ssl.SSLError as error:
            fault = (
                "the key does not belong to the certificate"
                if error.reason == "KEY_VALUES_MISMATCH"
                else "expected a certificate and a private key in PEM format"
            )
            raise SettingsError(f"tls_cert {str(self.certificate)!r} and tls_key {str(self.key)!r}: {fault}") from error
        return context

    async def follow_renewals(self, context: ssl.SSLContext) -> None:
        """Reload the files into `context` each time they change. Log files that cannot be used, and keep the old."""
        known = self._changed_at()
        while True:
            await asyncio.sleep(RENEWAL_CHECK_S)
            if (changed_at := self._changed_at()) == known:
                continue
            try:
                # Load into another context first: setting a certificate that does not match the key of a context
                # removes that key (ssl_set_cert() in OpenSSL).
                self.context()
                self._load(context)
            except (SettingsError, OSError) as error:
                # Try again at the next check even if the files are unchanged: chmod does not change st_mtime.
                logger.error("the certificate was not renewed, the previous one is kept: %s", error)
            else:
                known = changed_at
                logger.info("the certificate was renewed")

    def _changed_at(self) -> list[int]:
        """Return the modification times of both files in ns, or an empty list if a file is missing."""
        with suppress(OSError):
            return [path.stat().st_mtime_ns for path in (self.certificate, self.key)]
        return []

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self.certificate, self.key, password=self._refuse_passphrase)

    def _refuse_passphrase(self) -> str:
        """Raise SettingsError for an encrypted key. Without this callback OpenSSL prompts on the terminal."""
        raise SettingsError(f"tls_key: {str(self.key)!r} has a passphrase; provide a key without one")


def tls_of(settings: Settings) -> Tls | None:
    """Return the files of these settings after loading them once; None if not set. Raises SettingsError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    tls = Tls(Path(settings.tls_cert).expanduser(), Path(settings.tls_key).expanduser())
    tls.context()
    return tls
