"""Labels: the names of a model's classes, out of the model's metadata or a text file beside it."""

import ast
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.errors import ModelError
from common.text import plain

COCO = Path(__file__).parents[2] / "models" / "coco.txt"
COCO_CLASSES = 80
MAX_NAME_LENGTH = 100  # as much as the wire takes


def find_labels(model: Path, metadata: Mapping[str, str], class_count: int) -> tuple[str, ...]:
    """One label per class: from the model's metadata, else a file beside it, else COCO's, else "class 0" and so on.

    Raises ModelError when labels are there but cannot be read, or are not as many as the classes.
    """
    where, text = _given(model, metadata)
    if not text and class_count == COCO_CLASSES:
        where, text = str(COCO), COCO.read_text("utf-8")
    if not text:
        return tuple(f"class {class_id}" for class_id in range(class_count))
    labels = parse_labels(text, where)
    if len(labels) != class_count:
        raise ModelError(f"{where} has {len(labels)} labels, but the model has {class_count} classes")
    return labels


def _given(model: Path, metadata: Mapping[str, str]) -> tuple[str, str]:
    """Where the labels that come with the model stand, and their text; empty where there are none."""
    for key in ("names", "labels"):
        if metadata.get(key, "").strip():
            return f'metadata "{key}" of {model}', metadata[key]
    beside = [model.with_suffix(".txt")]
    # A folder of several models cannot say whose labels these are.
    if len(list(model.parent.glob("*.onnx"))) == 1:
        beside += [model.with_name("labels.txt"), model.with_name("classes.txt")]
    for path in beside:
        if path.is_file():
            try:
                return str(path), path.read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise ModelError(f"cannot read the labels in {path}: {error}") from error
    return "", ""


def parse_labels(text: str, where: str) -> tuple[str, ...]:
    """Labels from a JSON or Python list, an object or dict of id → name, lines, or names between commas.

    `where` names the text in the ModelError that is raised for one that cannot be read.
    """
    text = text.strip()
    names: Sequence[object]
    if text.startswith(("[", "{")):
        names = _literal(text, where)
    else:
        names = [line for line in text.splitlines() if line.strip()]
        if len(names) == 1:
            names = text.split(",")
    return tuple(_clean(name, f"label {class_id} in {where}") for class_id, name in enumerate(names))


def _literal(text: str, where: str) -> list[object]:
    """The names in a literal: JSON, or what Python prints for a list or dict."""
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
            raise ModelError(f"cannot read the labels in {where}: neither JSON nor a Python list or dict") from error
    except RecursionError as error:
        raise ModelError(f"cannot read the labels in {where}: nested too deep") from error
    if isinstance(value, dict):
        by_id = {str(class_id): name for class_id, name in value.items()}
        if by_id.keys() != {str(class_id) for class_id in range(len(value))}:
            raise ModelError(f"cannot read the labels in {where}: the ids are not 0 to {len(value) - 1}")
        return [by_id[str(class_id)] for class_id in range(len(value))]
    return list(value)


def _clean(name: object, where: str) -> str:
    """A label as plain text: one line, nothing that cannot be printed."""
    if not isinstance(name, str):
        raise ModelError(f"{where} is no text: {name!r:.40}")
    label = plain(name, len(name))
    if not 1 <= len(label) <= MAX_NAME_LENGTH:
        raise ModelError(f"{where} has {len(label)} characters; 1 to {MAX_NAME_LENGTH} are allowed")
    return label
