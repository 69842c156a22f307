"""Check that a file is ONNX by its outermost fields, without onnxruntime."""

import os
from pathlib import Path
from typing import BinaryIO

from common.detection.load_faults import explain
from common.errors import ModelError

GRAPH = 7  # field number of ModelProto.graph (onnx.proto)


def check_onnx_file(path: Path) -> None:
    """Raise ModelError unless the file is a complete Protocol Buffers message with a graph.

    Reads a few bytes per field. The roles check the rest when they load the model, after the address was printed.
    """
    try:
        with path.open("rb") as file:
            is_onnx = _has_graph(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise ModelError(f"cannot open the model {path}: {error.strerror}") from error
    if not is_onnx:
        raise ModelError(f"cannot load {path} as an ONNX model: {explain(path, 'Protobuf parsing failed')}")


def _has_graph(file: BinaryIO, size: int) -> bool:
    """Read a message field by field (Protocol Buffers documentation, "Encoding")."""
    numbers = set()
    while file.tell() < size:
        number, wire_type = divmod(_varint(file), 8)
        match wire_type:
            case 0:
                _varint(file)
            case 1 | 5:
                file.seek({1: 8, 5: 4}[wire_type], os.SEEK_CUR)
            case 2:
                file.seek(min(_varint(file), size + 1), os.SEEK_CUR)
            case _:
                return False
        numbers.add(number)
    return GRAPH in numbers and file.tell() == size


def _varint(file: BinaryIO) -> int:
    """Read an integer of up to 10 bytes with 7 bits each, the lowest first; 0 at the end of the file."""
    value = 0
    for shift in range(0, 70, 7):
        (byte,) = file.read(1) or b"\0"
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value
