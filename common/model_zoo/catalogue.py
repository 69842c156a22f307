"""The catalogue: models with a name, a description and, unless bundled, a download."""

import tomllib
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.errors import ModelError

FILE = "catalogue.toml"
URL = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*$"  # without user and password
SHA256 = r"^[0-9a-f]{64}$"

# A name becomes a file name: no folder separator, no leading dot.
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class RemoteFile(BaseModel):
    """A file to download: its URL, its size in bytes, and its SHA-256 in hexadecimal digits."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[str, Field(pattern=URL)]
    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=SHA256)]


class Entry(BaseModel):
    """A model of the catalogue, described in plain text. An entry without a download is bundled."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    classes: Text
    input: Text
    licence: Text
    origin: Text
    download: RemoteFile | None = None


ENTRIES: TypeAdapter[dict[Name, Entry]] = TypeAdapter(dict[Name, Entry])


def load_catalogue(folder: Path) -> dict[str, Entry]:
    """Return the entries of the catalogue in `folder` by name; an empty dict if there is no catalogue.

    Raises ModelError if the catalogue cannot be read or is invalid.
    """
    file = folder / FILE
    try:
        return ENTRIES.validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}  # the user mounted a folder with other models over this one
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{file}: not TOML: {error}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise ModelError(f"{file}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}") from error


def model_file(folder: Path, name: str) -> Path:
    """Return the path of the model `name` in `folder`, whether it exists or not."""
    return folder / f"{name}.onnx"
