"""Labels: the names of a model's classes, from its metadata, its sidecar, or a text file beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.detection.metadata import MAX_TEXT, Metadata, parse_literal
from common.detection.sidecar import Sidecar
from common.errors import ModelError
from common.text import printable_line

COCO = Path(__file__).parents[2] / "models" / "coco.txt"
COCO_CLASSES = 80
MAX_NAME_LENGTH = 100  # the limit of the wire


@dataclass(frozen=True, slots=True)
class GivenLabels:
    """Labels of a model, and where they were found."""

    names: tuple[str, ...]
    where: str

    @property
    def are_numbers(self) -> bool:
        """Return whether they are "0", "1" and so on, which exporters write for unnamed classes."""
        return all(name == str(index) for index, name in enumerate(self.names))


def given_labels(model: Path, metadata: Metadata, sidecar: Sidecar) -> GivenLabels | None:
    """The labels from the model's sidecar or metadata, else from a text file beside it; None where there are none.

    Raises ModelError for labels that cannot be read, and for a sidecar that contradicts the metadata.
    """
    beside, inside = _from_sidecar(model, sidecar), _from_metadata(model, metadata)
    if beside and inside and beside.names != inside.names and not inside.are_numbers:
        raise ModelError(f"{beside.where} and {inside.where} have different labels")
    return beside or inside or _from_file(model)


def find_labels(given: GivenLabels | None, class_count: int | None) -> tuple[str, ...]:
    """One label per class: the given ones, else those of COCO for 80 classes, else "class 0" and so on.

    None where there are none and the number of classes is unknown. Raises ModelError when they are not as many.
    """
    if given is None:
        if class_count == COCO_CLASSES:
            return coco_labels()
        return tuple(unknown_label(class_id) for class_id in range(class_count or 0))
    if class_count not in (None, len(given.names)):
        raise ModelError(f"{given.where} has {len(given.names)} labels, but the model has {class_count} classes")
    return given.names


def coco_labels() -> tuple[str, ...]:
    """The 80 names of COCO."""
    return tuple(COCO.read_text("utf-8").splitlines())


def unknown_label(class_id: int) -> str:
    """The label of a class without a name."""
    return f"class {class_id}"


def parse_labels(text: str, where: str) -> tuple[str, ...]:
    """Labels from a JSON or Python list, an object or dict of id → name, lines, or names between commas.

    `where` names the text in the ModelError that is raised for one that cannot be read.
    """
    text = text.strip()
    names: Sequence[object]
    if len(text) > MAX_TEXT:
        raise ModelError(f"cannot read the labels in {where}: {len(text)} characters; at most {MAX_TEXT} are allowed")
    if text.startswith(("[", "{")):
        names = _literal(text, where)
    else:
        names = [line for line in text.splitlines() if line.strip()]
        if len(names) == 1:
            names = text.split(",")
    return _clean(names, where)


def _from_sidecar(model: Path, sidecar: Sidecar) -> GivenLabels | None:
    if sidecar.labels is None:
        return None
    where = str(model.with_suffix(".toml"))
    return GivenLabels(coco_labels() if sidecar.labels == "coco" else _clean(sidecar.labels, where), where)


def _from_metadata(model: Path, metadata: Metadata) -> GivenLabels | None:
    if inference := metadata.query_inference:
        where = f'metadata "rfdetr_inference" of {model}'
        return GivenLabels(_clean([name for _, name in sorted(inference.class_id_to_name.items())], where), where)
    where = f'metadata "names" of {model}'
    return GivenLabels(parse_labels(metadata.names, where), where) if metadata.names else None


def _from_file(model: Path) -> GivenLabels | None:
    beside = [model.with_suffix(".txt")]
    # In a folder of several models it is unknown to which of them a common label file belongs.
    if len(list(model.parent.glob("*.onnx"))) == 1:
        beside += [model.with_name("labels.txt"), model.with_name("classes.txt")]
    for path in beside:
        if path.is_file():
            try:
                with path.open(encoding="utf-8-sig") as file:
                    text = file.read(MAX_TEXT + 1)
            except (OSError, UnicodeDecodeError) as error:
                raise ModelError(f"cannot read the labels in {path}: {error}") from error
            return GivenLabels(parse_labels(text, str(path)), str(path)) if text.strip() else None
    return None


def _literal(text: str, where: str) -> list[object]:
    """The names in a literal: JSON, or what Python prints for a list or dict."""
    try:
        value = parse_literal(text)
    except ValueError as error:
        raise ModelError(f"cannot read the labels in {where}: {error}") from error
    if isinstance(value, dict):
        by_id = {str(class_id): name for class_id, name in value.items()}
        if by_id.keys() != {str(class_id) for class_id in range(len(value))}:
            raise ModelError(f"cannot read the labels in {where}: the ids are not 0 to {len(value) - 1}")
        return [by_id[str(class_id)] for class_id in range(len(value))]
    return list(value)


def _clean(names: Sequence[object], where: str) -> tuple[str, ...]:
    """Labels as plain text: one line each, of printable characters."""
    labels = []
    for class_id, name in enumerate(names):
        if not isinstance(name, str):
            raise ModelError(f"label {class_id} in {where} is not text: {name!r:.40}")
        label = printable_line(name, len(name))
        if not 1 <= len(label) <= MAX_NAME_LENGTH:
            raise ModelError(
                f"label {class_id} in {where} has {len(label)} characters; 1 to {MAX_NAME_LENGTH} are allowed"
            )
        labels.append(label)
    return tuple(labels)
