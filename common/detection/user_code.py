"""User code: load a processor from a file or a module, and run it on frames."""

import importlib
import inspect
import linecache
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from common.detection.outcome import Outcome, as_result
from common.errors import ProcessorError, VisionError
from common.frames import Frame
from common.text import printable_line

APP = Path(__file__).resolve().parents[2]
OTHERS = (str(APP / "common"), "site-packages", "importlib", "<frozen")  # files whose lines are not the user's

Process = Callable[[Frame], object]


class UserProcessing:
    """Processes frames with user code. `name` is for viewers."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process

    def __call__(self, frame: Frame) -> Outcome:
        """The outcome of `process(frame)`. Raises ProcessorError, with the user's own lines, when it fails."""
        image = frame.image.view()
        image.flags.writeable = False
        started = time.perf_counter()
        try:
            result = as_result(self._process(replace(frame, image=image)))
        except (Exception, SystemExit) as error:
            raise ProcessorError(_fault(error)) from error
        elapsed_ms = 1000 * (time.perf_counter() - started)
        return Outcome(result.detections, 0.0, elapsed_ms, result.values, result.shapes, result.events)


def load_user_code(reference: str, options: Mapping[str, Any]) -> UserProcessing:
    """Load `FILE.py:NAME` or `package.module:NAME`: a function `process(frame)`, or a class with such a method.

    `options` are keyword arguments of the function, or of the class when it is created. Raises ProcessorError.
    """
    where, separator, name = reference.rpartition(":")
    if not separator or not where or not name.isidentifier():
        raise ProcessorError(f"processor {reference!r} is not FILE.py:NAME or package.module:NAME")
    found = getattr(_module(where), name, None)
    if found is None or not callable(found):
        raise ProcessorError(f"{where} has no function or class {name}")
    try:
        process = _bind(found, options, reference)
    except (Exception, SystemExit) as error:
        if isinstance(error, ProcessorError):
            raise
        raise ProcessorError(f"{reference} cannot be created: {_fault(error)}") from error
    return UserProcessing(name_of(reference), process)


def name_of(reference: str) -> str:
    """Return the name for viewers: `FILE.py:NAME` without its folder, or `package.module:NAME`."""
    return printable_line(Path(reference).name, 100)


def _module(where: str) -> ModuleType:
    try:
        if not where.endswith(".py"):
            return importlib.import_module(where)
        path = Path(where).resolve()
        if not path.is_file():
            raise ProcessorError(f"{where} is not a file")
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))  # modules beside it can be imported
        loader = SourceFileLoader(f"processor_{path.stem}", str(path))
        module = ModuleType(loader.name)
        module.__file__ = str(path)
        linecache.checkcache(str(path))
        # Not by way of the cached bytecode, which is not compiled again for a change within the same second
        # (https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation).
        exec(loader.source_to_code(loader.get_data(str(path)), str(path)), module.__dict__)  # noqa: S102 - as an import
    except ProcessorError:
        raise
    except (Exception, SystemExit) as error:
        raise ProcessorError(f"{where} cannot be imported: {_fault(error)}") from error
    return module


def _bind(found: Callable[..., Any], options: Mapping[str, Any], reference: str) -> Process:
    """`process(frame)` with the options applied. Raises ProcessorError for options that do not fit."""
    arguments = () if inspect.isclass(found) else (None,)
    try:
        inspect.signature(found).bind(*arguments, **options)
    except TypeError as error:
        raise ProcessorError(f"options of {reference}: {error}") from error
    if not inspect.isclass(found):
        return partial(found, **options) if options else found
    created = found(**options)
    process = getattr(created, "process", None)
    if not callable(process):
        raise ProcessorError(f"class {reference} has no method process(frame)")
    return process  # type: ignore[no-any-return]


def _fault(error: BaseException) -> str:
    """The error with the last lines of its traceback that are the user's own, on one line."""
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if not any(part in line.filename for part in OTHERS)]
    places = [f"{Path(line.filename).name} line {line.lineno}: {line.line}" for line in own[-3:]]
    if isinstance(error, SyntaxError) and error.filename:
        places = [f"{Path(error.filename).name} line {error.lineno}"]
    kind = "" if isinstance(error, VisionError) else type(error).__name__  # of as_result: no fault of a line
    what = ": ".join(filter(None, (kind, str(error))))
    return printable_line("; ".join([*places, what]), 450)
