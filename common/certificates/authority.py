"""A private authority, and the certificates that it signs for nodes."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from common.certificates import AUTHORITY
from common.errors import SettingsError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ModuleNotFoundError as error:
    raise SettingsError(
        "certificates need cryptography; install it with: pip install -r requirements-zenoh.txt"
    ) from error

AUTHORITY_DAYS = 3650


class Authority:
    """Signs certificates for nodes. Its files are ca.pem and ca.key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Create an authority and write its files. Raises OSError."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Edge Vision private authority")
        certificate = (
            _builder(name, name, key.public_key(), AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(folder, AUTHORITY, certificate, key)
        return cls(certificate, key)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the files of an authority. Raises SettingsError and OSError."""
        try:
            certificate = x509.load_pem_x509_certificate((folder / f"{AUTHORITY}.pem").read_bytes())
            key = serialization.load_pem_private_key((folder / f"{AUTHORITY}.key").read_bytes(), password=None)
        except (TypeError, ValueError) as error:  # TypeError: the key is encrypted
            raise SettingsError(f"{folder}: {AUTHORITY}.pem or {AUTHORITY}.key is not PEM, or encrypted") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise SettingsError(f"{folder}: {AUTHORITY}.key is not the key of {AUTHORITY}.pem")
        return cls(certificate, key)

    def issue(self, folder: Path, node: str, hosts: Sequence[str], days: int) -> None:
        """Write NODE.pem and NODE.key: a certificate with the node as its common name, valid for `hosts`.

        Both sides of a connection use it: it is for servers and for clients. Raises SettingsError and OSError.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        alternatives = [_general_name(host) for host in (node, *hosts)]
        certificate = (
            _builder(_name(node), self._certificate.subject, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        _write(folder, node, certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks of nodes may differ
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write NAME.pem, and NAME.key readable by its owner only."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").unlink(missing_ok=True)
    with open(os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
