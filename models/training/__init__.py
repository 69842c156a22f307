"""How the bundled clip and the bundled model were made."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # see common/detection/__init__.py
