"""The catalogue: the models that have a name, what each is, and where it can be had."""

import tomllib
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.errors import ModelError

FILE = "catalogue.toml"

# A name becomes a file's: no folder in it, no dot in front.
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class RemoteFile(BaseModel):
    """A file to be fetched: where it is, its size in bytes, and its SHA-256 in hexadecimal digits."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*$")]
    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Entry(BaseModel):
    """What the catalogue says of a model, in words for people. One without a download is bundled."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    classes: Text
    input: Text
    licence: Text
    origin: Text
    download: RemoteFile | None = None


ENTRIES: TypeAdapter[dict[Name, Entry]] = TypeAdapter(dict[Name, Entry])


def load_catalogue(folder: Path) -> dict[str, Entry]:
    """The models that the catalogue in `folder` knows, by name; none where there is no catalogue.

    Raises ModelError for one that cannot be read.
    """
    file = folder / FILE
    try:
        return ENTRIES.validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}  # somebody's own folder of models, mounted over this one
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{file}: not TOML: {error}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise ModelError(f"{file}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from error
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}") from error


def model_file(folder: Path, name: str) -> Path:
    """Where the model of this name lies in `folder`, or will."""
    return folder / f"{name}.onnx"
