"""The command that writes certificates: what the files contain, and how it fails."""

import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from common.certificates.command import main
from common.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]


def create(folder: Path, *nodes: str) -> Path:
    assert main([*nodes, "--folder", str(folder)]) == 0
    return folder


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return create(tmp_path / "certificates", "hub=localhost,127.0.0.1", "gate-box")


def test_a_node_has_a_certificate_in_its_name_for_its_hosts_signed_by_the_authority(folder: Path) -> None:
    authority, hub = certificate(folder / "ca.pem"), certificate(folder / "hub.pem")
    hub.verify_directly_issued_by(authority)
    assert hub.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "hub"
    names = hub.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


@pytest.mark.parametrize("purpose", [ssl.Purpose.SERVER_AUTH, ssl.Purpose.CLIENT_AUTH], ids=["server", "client"])
@pytest.mark.parametrize("node", ["hub", "gate-box"])
def test_tls_accepts_the_files_of_a_node_for_both_sides(folder: Path, node: str, purpose: ssl.Purpose) -> None:
    context = ssl.create_default_context(purpose, cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / f"{node}.pem", folder / f"{node}.key")
    assert [each["subject"] for each in context.get_ca_certs()] == [
        ((("commonName", "Edge Vision private authority"),),)
    ]


@pytest.mark.parametrize("name", ["ca", "hub", "gate-box"])
def test_only_the_owner_can_read_a_key(folder: Path, name: str) -> None:
    assert stat.S_IMODE((folder / f"{name}.key").stat().st_mode) == 0o600


def test_a_later_node_is_signed_by_the_same_authority(folder: Path) -> None:
    before = (folder / "ca.pem").read_bytes()
    create(folder, "yard-box")
    assert (folder / "ca.pem").read_bytes() == before
    certificate(folder / "yard-box.pem").verify_directly_issued_by(certificate(folder / "ca.pem"))


def test_the_same_command_renews_a_certificate(folder: Path) -> None:
    before = certificate(folder / "gate-box.pem")
    create(folder, "gate-box")
    assert certificate(folder / "gate-box.pem").serial_number != before.serial_number


@pytest.mark.parametrize("node", ["", "ca", "a/b", "..", "../hub", "é", "x" * 41])
def test_a_bad_name_is_one_line_and_nothing_is_written(tmp_path: Path, node: str) -> None:
    with pytest.raises(SettingsError, match=r"node .* must have 1 to 40 letters"):
        create(tmp_path / "certificates", "hub", node)
    assert not (tmp_path / "certificates").exists()


@pytest.mark.parametrize("days", ["0", "3651", "-1", "ten"])
def test_bad_days_are_one_line_with_the_limits(tmp_path: Path, days: str) -> None:
    with pytest.raises(SettingsError, match=f"^--days: '{days}' is not a whole number between 1 and 3650$"):
        main(["hub", "--folder", str(tmp_path / "certificates"), f"--days={days}"])


@pytest.mark.parametrize("host", ["", "é.local", "hub local", "tls/hub.local", "a..b"])
def test_a_bad_host_is_one_line(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match=r"is neither a host name nor an address"):
        create(tmp_path, f"hub={host}")


def test_a_key_of_another_authority_is_one_line(folder: Path, tmp_path: Path) -> None:
    other = create(tmp_path / "other", "hub")
    (folder / "ca.key").write_bytes((other / "ca.key").read_bytes())
    with pytest.raises(SettingsError, match=r"ca\.key is not the key of ca\.pem"):
        create(folder, "yard-box")


def test_an_authority_without_its_key_is_not_replaced(folder: Path) -> None:
    before = (folder / "ca.pem").read_bytes()
    (folder / "ca.key").unlink()
    with pytest.raises(SettingsError, match=r"ca\.key is missing"):
        create(folder, "yard-box")
    assert (folder / "ca.pem").read_bytes() == before


def test_a_file_that_is_not_pem_is_one_line(folder: Path) -> None:
    (folder / "ca.key").write_text("not PEM")
    with pytest.raises(SettingsError, match=r"is not PEM"):
        create(folder, "yard-box")


def test_a_folder_that_cannot_be_written_is_one_line() -> None:
    with pytest.raises(SettingsError, match="/proc/certificates: "):
        create(Path("/proc/certificates"), "hub")


def test_the_command_prints_the_files_that_it_wrote(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "main.py"), "certificates", "hub", "gate-box"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    files = run.stdout.split()
    assert files == [f"certificates/{node}.{kind}" for node in ("hub", "gate-box") for kind in ("pem", "key")]
    assert all((tmp_path / file).is_file() for file in files)
