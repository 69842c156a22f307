"""Error messages for models of no known format: the task, the nearest format, and what to export instead."""

from common.detection.formats.evidence import Evidence
from common.detection.metadata import Metadata
from common.detection.tensors import listed
from common.errors import ModelError
from common.text import printable_line

DETECTOR = "export a detector with upright boxes"
TASKS = {
    "classify": f"a classifier: its output has labels but no boxes; {DETECTOR}",
    "obb": f"a model for oriented boxes, which turn with the object; {DETECTOR}",
    "depth": f"a depth model: a distance for each pixel, no boxes; {DETECTOR}",
    "semantic": f"a segmentation model: a class for each pixel, no boxes; {DETECTOR}",
}
KNOWN_TASKS = ("", "detect", "segment", "pose")


def check_task(metadata: Metadata) -> None:
    """Raise ModelError for a model whose metadata states a task without upright boxes."""
    if metadata.task not in KNOWN_TASKS:
        unknown = f"a model for the task {printable_line(metadata.task, 40)!r}; {DETECTOR}"
        raise ModelError(f"it is {TASKS.get(metadata.task, unknown)}")


def is_map(evidence: Evidence) -> bool:
    """Whether the only output is a map over the frame, which as [1, height, width] has the rank of boxes."""
    if len(evidence.outputs) != 1 or len(evidence.outputs[0].shape) not in (3, 4):
        return False
    height, width = evidence.outputs[0].shape[-2:]
    canvas = evidence.canvas
    return height > 1 and canvas[0] % height == 0 and canvas[0] * width == canvas[1] * height


def refusal(evidence: Evidence) -> str:
    """Return the reason why no format fits, as one sentence."""
    shapes = "; ".join(f"{output.name} {list(output.shape)}" for output in evidence.outputs)
    has = f"its inputs are {listed(evidence.inputs)}, its outputs for a frame {printable_line(shapes, 500)}"
    if evidence.sidecar.format:
        return f"{has}, which do not fit format = {evidence.sidecar.format!r} of the .toml file beside it"
    return f"{has}: {_guess(evidence)}"


def _guess(evidence: Evidence) -> str:
    """What these outputs may be, and what to export instead."""
    first, count = evidence.outputs[0], len(evidence.outputs)
    if count == 1 and len(first.shape) == 2:
        return f"a classifier, a score for each of {first.shape[1]} classes and no boxes; {DETECTOR}"
    if is_map(evidence):
        return f"a map over the frame, as of a depth or segmentation model; {DETECTOR}"
    if count > 1 and all(len(output.shape) >= 4 for output in evidence.outputs):
        return (
            "heads of a detector before its boxes are decoded; export it with decoded boxes in one output, "
            "for example [1, 4 + classes, cells]"
        )
    if count == 1 and first.shape[2:] == (7,):
        return f"the nearest is rows [1, n, 6]; with 7 values, a row may be an oriented box; {DETECTOR}"
    return f"no known format; {_nearest(evidence)}"


def _nearest(evidence: Evidence) -> str:
    """The formats with as many outputs."""
    height, width = evidence.canvas
    cells = sum((height // stride) * (width // stride) for stride in (8, 16, 32))
    nearest = {
        1: f"the nearest are a grid [1, 4 + classes, {cells}] or [1, {cells}, 5 + classes] and rows [1, n, 6]",
        2: "the nearest are boxes [1, n, 4] with scores [1, n, classes], before or after a sigmoid",
        3: "the nearest are class ids [1, n], boxes [1, n, 4] and scores [1, n], with the frame's size as an input",
    }
    return nearest.get(len(evidence.outputs), nearest[1]) + "; export it so, or state format in a .toml file beside it"
