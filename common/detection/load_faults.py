"""Load faults: why onnxruntime cannot load a file, and what to do about it."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from common.text import printable_line

HEAD_BYTES = 64
# What files that are not ONNX begin with.
HEADS = {
    b"version https://git-lfs": "it is a pointer of Git LFS; get the file itself with git lfs pull",
    b"PK\x03\x04": "it is a zip archive, as PyTorch's files are; export the model to ONNX",
    b"ftrt": "it is a TensorRT engine; use the ONNX file that it was built from",
    b"<": "it is a web page or XML; download the file itself",
}

# The messages of onnxruntime 1.24 and 1.32, and what they mean.
FAULTS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (
        re.compile(
            r'(?:External data path does not exist: "|cannot get file size: No such file.*? \[)(?:.*/)?(.+?)["\]]'
        ),
        lambda found: f"its weights are in {found[1]}, which must be beside it under this name; copy both files",
    ),
    (
        re.compile(r"External data path.* escapes|absolute path|symbolic link", re.DOTALL),
        lambda found: "its weights are in a file outside of its folder, which is not read",
    ),
    (
        re.compile(r"\bTRT:(\w+)|\b(\w+_TRT)\b"),
        lambda found: (
            f"it was exported for TensorRT, whose operator {found[1] or found[2]} onnxruntime lacks; "
            "export it for onnxruntime, without TensorRT's NMS"
        ),
    ),
    (
        re.compile(r"([\w.]+:\w+)\(-?\d+\) is not a registered function/op"),
        lambda found: f"it uses the custom operator {found[1]}, which onnxruntime lacks; export it without",
    ),
    (
        re.compile(r"Opset (\d+) is under development.*?(?:till opset (\d+))?\.?$", re.DOTALL),
        lambda found: (
            f"its opset {found[1]} is newer than this onnxruntime supports"
            f"{f'; export it with opset {found[2]} or lower' if found[2] else ''}, or update onnxruntime"
        ),
    ),
    (
        re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)"),
        lambda found: (
            f"its IR version {found[1]} is newer than this onnxruntime supports ({found[2]}); update onnxruntime"
        ),
    ),
    (
        re.compile(r"Protobuf parsing failed|No graph was found|does not have a graph"),
        lambda found: "it is truncated, damaged, or not ONNX",
    ),
]


def explain(path: Path, message: str) -> str:
    """Why the file at `path` cannot be loaded, in one line, from its first bytes and from `message` of onnxruntime."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        head = b""
    for start, meaning in HEADS.items():
        if head.lstrip().startswith(start):
            return meaning
    for pattern, meaning_of in FAULTS:
        if found := pattern.search(message):
            return printable_line(meaning_of(found), 300)
    return printable_line(message, 200)
