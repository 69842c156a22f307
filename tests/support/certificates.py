"""Certificates for the tests: a self-made authority, what it vouches for, and the clients that trust it."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

from common.server.guard.tls import Tls


@dataclass(frozen=True)
class Certificate:
    """The two files to serve localhost with, and what a client needs to believe them."""

    tls: Tls
    client: ssl.SSLContext

    @property
    def flags(self) -> tuple[str, ...]:
        return "--tls-cert", str(self.tls.certificate), "--tls-key", str(self.tls.key)


def make_certificate(folder: Path) -> Certificate:
    """A certificate of an authority that only its client knows."""
    folder.mkdir(exist_ok=True)
    tls = Tls(folder / "certificate.pem", folder / "key.pem")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    tls.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    tls.key.write_bytes(issued.private_key_pem.bytes())
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Certificate(tls, client)
