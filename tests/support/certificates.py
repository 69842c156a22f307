"""Certificates for the tests: a test authority, a certificate that it issued, and a client that trusts it."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

from common.server.guard.tls import Tls


@dataclass(frozen=True)
class Certificate:
    """A certificate of localhost with its key, and a client context that trusts it."""

    tls: Tls
    client: ssl.SSLContext

    @property
    def flags(self) -> tuple[str, ...]:
        return "--tls-cert", str(self.tls.certificate), "--tls-key", str(self.tls.key)


def make_certificate(folder: Path) -> Certificate:
    """Write a certificate and its key to `folder`, issued by an authority that only `client` trusts."""
    folder.mkdir(exist_ok=True)
    tls = Tls(folder / "certificate.pem", folder / "key.pem")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    tls.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    tls.key.write_bytes(issued.private_key_pem.bytes())
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Certificate(tls, client)
