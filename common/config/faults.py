"""Describe in one line what is wrong with the value of a setting, without repeating a secret."""

from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from common.config.fields import PROCESSOR_PATTERN, TOPIC_PATTERN, Point
from common.text import redact


def limits(field: FieldInfo) -> str:
    """Return the values that a setting accepts: "one of a, b", "between 1 and 100", or "" without limits."""
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(get_args(field.annotation))}"
    bounds = {
        side: getattr(bound, side) for bound in field.metadata for side in ("gt", "ge", "le") if hasattr(bound, side)
    }
    match bounds:
        case {"gt": lowest, "le": highest}:
            return f"above {lowest} and at most {highest}"
        case {"ge": lowest, "le": highest}:
            return f"between {lowest} and {highest}"
    return ""


def sentence(fault: ErrorDetails, field: FieldInfo) -> str:
    """Return what is wrong, as in "99999 is not a whole number between 0 and 65535"."""
    match fault["type"]:
        case "missing":
            return "is missing"
        case "too_short":
            least = fault["ctx"]["min_length"]
            return "at least one is needed" if least == 1 else f"at least {least} are needed"
        case "too_long":
            return f"{fault['ctx']['actual_length']} exceed the maximum of {fault['ctx']['max_length']}"
        case "tuple_type" | "value_error" if get_origin(field.annotation) is tuple:
            return f"{_shown(fault['input'], field)} is not a list"
        case "model_type":
            return "the value is not a table"
    return f"{_shown(fault['input'], field)} is not {_expected(field)}"


def place(location: tuple[int | str, ...]) -> str:
    """Return a path of pydantic in the notation of the documentation: `cameras[1].ui_fps`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _expected(field: FieldInfo) -> str:
    kinds: dict[object, str] = {
        int: "a whole number ",
        int | None: "a whole number ",
        float: "a number ",
        bool: "true or false",
    }
    if field.examples:
        return f"an origin such as {field.examples[0]}"
    patterns = [constraint.pattern for constraint in field.metadata if hasattr(constraint, "pattern")]
    if PROCESSOR_PATTERN in patterns:
        return "FILE.py:NAME or package.module:NAME"
    if TOPIC_PATTERN in patterns:
        return "a topic of 1 to 100 letters (a to z), digits, slashes, dots, hyphens and underscores"
    if field.annotation == tuple[Point, ...]:
        return "a number between 0 and 1"
    if patterns:
        return "a name of 1 to 40 letters (a to z), digits, dots, hyphens and underscores"
    return kinds.get(field.annotation, "") + limits(field) or "a text of at least one character"


def _shown(value: object, field: FieldInfo) -> str:
    return "the value" if "SecretStr" in str(field.annotation) else redact(repr(value))
