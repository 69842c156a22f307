"""From a frame to detections."""

import os

# onnxruntime reads this when it is imported, and would otherwise contact its maker and write to the user's cache folder
# (telemetry on Linux, on by default). The initialisation of this package precedes every import of onnxruntime.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
