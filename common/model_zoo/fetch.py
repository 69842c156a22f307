"""Fetching a model into the models folder: one of the catalogue by its name, or any by its URL and SHA-256."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from common.errors import ModelError, SettingsError
from common.model_zoo.catalogue import FILE, SHA256, URL, RemoteFile, load_catalogue, model_file
from common.model_zoo.download import download, has_sha256, remote_size
from common.model_zoo.progress import TransferProgress

SUFFIX = ".onnx"
DEFAULT = "default"  # the name of the bundled model among the settings
MAX_BYTES = 2**31  # of an ONNX file: the limit of a protobuf message


def fetch_named(name: str, folder: Path) -> str:
    """Download the model `name` of the catalogue into `folder`. Returns the line to print.

    Raises ModelError and DownloadError.
    """
    catalogue = load_catalogue(folder)
    if name not in catalogue:
        raise ModelError(f"{name!r} is not in {folder / FILE}; choose from {', '.join(catalogue) or 'nothing'}")
    wanted = catalogue[name].download
    file = model_file(folder, name)
    if file.exists():
        return _existing(file, wanted.sha256 if wanted else None)
    if wanted is None:
        raise ModelError(f"{file} is part of the app and has no download")
    return _download(wanted, file)


def fetch_url(url: str, sha256: str, folder: Path) -> str:
    """Download the model at `url`, whose SHA-256 is given in hexadecimal digits. Returns the line to print.

    The file is named after the last segment of the URL. Raises SettingsError, ModelError and DownloadError.
    """
    sha256 = sha256.lower()
    if not re.fullmatch(SHA256, sha256):
        raise SettingsError("--sha256 must be 64 hexadecimal digits")
    if not re.fullmatch(URL, url):
        raise SettingsError("the URL must be https://HOST/PATH, without user and password")
    name = _name(url)
    if name in {DEFAULT, *load_catalogue(folder)}:
        raise SettingsError(f"the name {name!r}, from the end of the URL, belongs to another model")
    file = model_file(folder, name)
    if file.exists():
        return _existing(file, sha256)
    size = remote_size(url)
    if size > MAX_BYTES:
        raise ModelError(f"the file has {size} bytes; an ONNX file has {MAX_BYTES} at most")
    return _download(RemoteFile(url=url, size=size, sha256=sha256), file)


def _download(wanted: RemoteFile, file: Path) -> str:
    with TransferProgress(wanted.size) as progress:
        download(wanted, file, progress.show)
    return f"{file}: downloaded and verified; run it with --model {file.stem}"


def _existing(file: Path, sha256: str | None) -> str:
    """Return the line to print for a file that need not be downloaded. Raises ModelError if it is another file."""
    try:
        same = sha256 is None or has_sha256(file, sha256)
    except OSError as error:
        raise ModelError(f"cannot read {file}: {error.strerror}") from error
    if not same:
        raise ModelError(f"{file} exists and is another file; rename it first")
    return f"{file} exists already; run it with --model {file.stem}"


def _name(url: str) -> str:
    """Return the model name at the end of the path of `url`, in characters that are safe in a file name."""
    name, suffix, _ = unquote(urlsplit(url).path.rpartition("/")[2]).rpartition(SUFFIX)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")
    if not suffix or not safe:
        raise SettingsError(f"the path of the URL must end in a file name, NAME{SUFFIX}")
    return safe
