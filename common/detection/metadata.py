"""Metadata of a model file, which is not trusted."""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import ModelError

MAX_TEXT = 256 * 1024  # characters that are parsed: room for the labels of any model
MAX_CLASSES = 2000  # of the public data sets only V3Det has more

Positive: TypeAlias = Annotated[float, Field(gt=0)]


class QueryInference(BaseModel):
    """The value of "rfdetr_inference" (schema 1): how to feed the model and read its logits.

    Other fields are ignored.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    schema_version: Literal[1]
    task: Literal["detect"]
    pixel_scale: Positive
    means: tuple[float, float, float]
    stds: tuple[Positive, Positive, Positive]
    channel_order: Literal["RGB", "BGR"]
    resize_antialias: bool
    class_id_to_name: Annotated[dict[int, str], Field(min_length=1, max_length=MAX_CLASSES)]
    selection_policy: Literal["all_logits"]
    box_format: Literal["cxcywh_normalized"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata of a file: its task and head, the class names as text, and whether NMS is inside the graph.

    `input_size` is height and width in pixels.
    """

    author: str = ""
    task: str = ""
    head: str = ""
    names: str = ""
    input_size: tuple[int, int] | None = None
    suppressed: bool = False  # NMS inside, or a head that needs none
    keypoint_values: int = 0  # of each object
    family: str = ""  # "yolo9" and so on, of files by LibreYOLO
    query_inference: QueryInference | None = None


def read_metadata(entries: Mapping[str, str]) -> Metadata:
    """Parse the key-value pairs of a file. Raises ModelError for values that cannot be read."""
    names = entries.get("names") or entries.get("labels") or ""
    options = _literal(entries, "args")
    keypoints = _literal(entries, "kpt_shape")
    return Metadata(
        author=entries.get("author", ""),
        task=entries.get("task", ""),
        head=entries.get("head", ""),
        names=names if names.strip() else "",
        input_size=_input_size(_literal(entries, "imgsz")),
        suppressed=entries.get("end2end") == "True" or (isinstance(options, dict) and options.get("nms") is True),
        keypoint_values=keypoints[0] * keypoints[1] if _are_sizes(keypoints, 2) else 0,
        family=entries.get("model_family", "") if "libreyolo_version" in entries else "",
        query_inference=_query_inference(entries.get("rfdetr_inference")),
    )


def parse_literal(text: str) -> Any:
    """A JSON value, or a Python literal. Raises ValueError for any other text, one that is too long, or too deep."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters; at most {MAX_TEXT} are allowed")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    # The parser gives up deep nesting with any of these: https://docs.python.org/3/library/ast.html#ast.literal_eval
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError("neither JSON nor a Python literal") from error


def _literal(entries: Mapping[str, str], key: str) -> Any:
    """The value of an entry that only helps recognition: None where it is missing or cannot be read."""
    try:
        return parse_literal(entries.get(key, ""))
    except ValueError:
        return None


def _input_size(value: Any) -> tuple[int, int] | None:
    if _are_sizes([value], 1):
        return value, value
    return (value[0], value[1]) if _are_sizes(value, 2) else None


def _are_sizes(value: Any, count: int) -> bool:
    is_list = isinstance(value, list | tuple) and len(value) == count
    return is_list and all(isinstance(each, int) and 0 < each < 2**16 for each in value)


def _query_inference(text: str | None) -> QueryInference | None:
    if text is None:
        return None
    if len(text) > MAX_TEXT:
        raise ModelError(f'metadata "rfdetr_inference" has {len(text)} characters; at most {MAX_TEXT} are allowed')
    try:
        return QueryInference.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the value"
        raise ModelError(f'metadata "rfdetr_inference" cannot be followed: {where}: {fault["msg"]}') from error
