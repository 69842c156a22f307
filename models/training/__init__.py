"""Code that made the bundled clip and trained the bundled model."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # see common/detection/__init__.py
