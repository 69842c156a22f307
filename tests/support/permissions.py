"""Commands that file permissions apply to, also when the tests run as root."""

import os
import shutil
import subprocess

import pytest

# Root bypasses file permissions unless both capabilities are dropped: capabilities(7).
_WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def as_a_user() -> list[str]:
    """Return the beginning of a command that permissions apply to. Skips the test where that is not possible."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv") or subprocess.run([*_WITHOUT_RIGHTS, "true"], check=False).returncode != 0:
        pytest.skip("root bypasses permissions, and cannot drop that capability here")
    return _WITHOUT_RIGHTS
