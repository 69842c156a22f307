"""Compiled models: one folder per provider, onnxruntime release and model content, kept between runs."""

import hashlib
import logging
import shutil
from pathlib import Path

from common.detection.providers import ExecutionOptions, keeps_engines

logger = logging.getLogger(__name__)

# TensorRT and CoreML identify a compiled model by the topology or the path of the original, not by its weights:
# https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html, trt_engine_cache_enable. Hence the
# hash of the content, and another folder for another release.
HASH_DIGITS = 16


def engine_folder(model: Path, execution: ExecutionOptions, release: str) -> Path | None:
    """Create and return the folder for the compiled form of `model`; None if it is not kept.

    `release` is the version of onnxruntime.
    """
    folder = _folder(model, execution, release)
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("compiled models are not kept: cannot create %s: %s", folder, error.strerror)
        return None
    return folder


def discard_engines(model: Path, execution: ExecutionOptions, release: str) -> bool:
    """Remove the compiled form of `model`, which may be damaged. Returns whether there was any."""
    folder = _folder(model, execution, release)
    if folder is None or not folder.is_dir() or not any(folder.iterdir()):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _folder(model: Path, execution: ExecutionOptions, release: str) -> Path | None:
    if execution.cache_folder is None or not keeps_engines(execution):
        return None
    digest = hashlib.sha256()
    for file in (model, model.with_name(f"{model.name}.data")):  # the second file has the weights of large models
        if file.is_file():
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return execution.cache_folder / execution.provider / f"{release}-{digest.hexdigest()[:HASH_DIGITS]}"
