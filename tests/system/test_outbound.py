"""Connections and files of a running app: it contacts the cameras and sinks it was given, and nothing else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS, running, viewing

# -DD: the tracer is a detached process in a group of its own, so the app keeps its place as the child of the test.
TRACE = ("strace", "-DD", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o")
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
FAMILY = re.compile(r"sa_family=(\w+)")
LOCAL_FAMILIES = {"AF_UNIX", "AF_NETLINK", "AF_INET", "AF_INET6"}


def can_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*TRACE, "/dev/null", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here")
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_the_app_connects_to_this_machine_only_and_writes_nothing_to_the_home_folder(
    implementation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, trace = tmp_path / "home", tmp_path / "trace"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)  # the app itself must set the first one
    with running("--impl", implementation, within=(*TRACE, str(trace))) as app:
        for path in ("/", "/api/stats", "/metrics"):
            assert app.ask(path).status == 200
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 20)
    calls = trace.read_text()
    assert 'inet_addr("127.0.0.1")' in calls  # the roles' connections to the server are traced
    addresses = {ipv4 or ipv6 for ipv4, ipv6 in ADDRESS.findall(calls)}
    assert {address for address in addresses if address != "::1" and not address.startswith("127.")} == set()
    assert set(FAMILY.findall(calls)) <= LOCAL_FAMILIES
    assert list(home.rglob("*")) == []
