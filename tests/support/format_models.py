"""Small real ONNX models, one for each format, that find a red and a blue rectangle by arithmetic.

Like trained detectors they predict a box for every cell or query: that of a rectangle in the cells around its centre,
and one around the cell in all others. Class 0 is red, class 1 blue.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.support.finder import LEVELS, NORMALISED, NORMALISED_BGR, STRIDES, UNIT, Finder, Layout
from tests.support.onnx_models import NO_METADATA, Dims


def save_class_grid(
    path: Path,
    layout: Layout = UNIT,
    *,
    strides: Sequence[int] = STRIDES,
    classes: int = 2,
    keypoints: int = 0,
    masks: bool = False,
    transposed: bool = False,
    in_fractions: bool = False,
    logits: bool = False,
    metadata: Mapping[str, str] = NO_METADATA,
) -> Path:
    """[1, 4 + classes + extra, cells], or transposed: cx, cy, w, h, scores, values to be ignored.

    Classes beyond two never score.
    """
    finder = Finder(layout)
    graph = finder.graph
    boxes, scores = finder.grid(strides)
    scores = graph.op("MatMul", scores, graph.constant(np.eye(2, classes)))
    if logits:
        scores = graph.op("Sub", scores, graph.constant(5))
    extra = 32 if masks else keypoints
    parts = [finder.centred(finder.fractions(boxes) if in_fractions else boxes), scores]
    grid = graph.op("Concat", *parts, *([finder.constant_columns(boxes, extra)] if extra else []), axis=1)
    outputs = {"output0": batch(finder, grid, turned=not transposed)}
    shapes: dict[str, Dims] = {"output0": [1, "a", "b"]}
    if masks:
        outputs["output1"] = graph.constant(np.zeros((1, 32, 80, 80)))
        shapes["output1"] = [1, 32, 80, 80]
    return finder.save(path, outputs, shapes, metadata=metadata)


def save_corner_grid(path: Path, layout: Layout = UNIT, metadata: Mapping[str, str] = NO_METADATA) -> Path:
    """[1, 4 + 2, cells]: x1, y1, x2, y2, scores."""
    finder = Finder(layout)
    grid = finder.graph.op("Concat", *finder.grid(), axis=1)
    return finder.save(path, {"output": batch(finder, grid, turned=True)}, {"output": [1, 6, "n"]}, metadata=metadata)


def save_objectness_grid(
    path: Path,
    layout: Layout = LEVELS,
    *,
    anchors: int = 1,
    output: str = "output",
    in_fractions: bool = False,
    metadata: Mapping[str, str] = NO_METADATA,
) -> Path:
    """[1, cells × anchors, 5 + 2]: cx, cy, w, h, objectness, class scores."""
    finder = Finder(layout)
    boxes, scores = finder.grid(per_stride=anchors)
    boxes = finder.fractions(boxes) if in_fractions else boxes
    objectness, _ = finder.best(scores)
    classes = finder.number(finder.graph.op("Greater", scores, finder.graph.constant(0)))
    grid = finder.graph.op("Concat", finder.centred(boxes), objectness, classes, axis=1)
    return finder.save(path, {output: batch(finder, grid)}, {output: [1, "n", 7]}, metadata=metadata)


def save_distribution_grid(
    path: Path, layout: Layout = NORMALISED_BGR, metadata: Mapping[str, str] = NO_METADATA
) -> Path:
    """[1, cells, 2 + 4 × 8]: scores, and logits of the distance of each side over 0 to 7 strides.

    The mean of softmax(-(k - d)²) over whole k is d, where d is far enough from 0 and 7: other cells do not score.
    """
    finder = Finder(layout)
    graph = finder.graph
    places, sizes = finder.cells((8, 16, 32, 64))
    strides, corners = graph.constant(sizes), graph.constant(places * sizes)
    boxes, scores = finder.boxes(places * sizes, sizes)
    lefts, rights = (graph.op("Gather", boxes, graph.constant(pair, np.int64), axis=1) for pair in ([0, 1], [2, 3]))
    distances = graph.op("Concat", graph.op("Sub", corners, lefts), graph.op("Sub", rights, corners), axis=1)
    distances = graph.op("Div", distances, strides)
    safe = graph.op("LessOrEqual", graph.op("Abs", graph.op("Sub", distances, graph.constant(3.5))), graph.constant(2))
    safe = graph.op("ReduceMin", finder.number(safe), graph.constant([1], np.int64), keepdims=1)
    steps = graph.op("Sub", graph.op("Unsqueeze", distances, graph.constant([2], np.int64)), graph.constant(range(8)))
    logits = graph.op("Reshape", graph.op("Neg", graph.op("Mul", steps, steps)), graph.constant([-1, 32], np.int64))
    grid = graph.op("Concat", graph.op("Mul", scores, safe), logits, axis=1)
    return finder.save(path, {"output": batch(finder, grid)}, {"output": [1, "n", 34]}, metadata=metadata)


def save_rows(
    path: Path,
    layout: Layout = UNIT,
    *,
    keypoints: int = 0,
    columns: Sequence[int] = (0, 1, 2, 3, 4, 5),
    metadata: Mapping[str, str] = NO_METADATA,
) -> Path:
    """[1, 300, 6 + extra]: x1, y1, x2, y2, score, class (in the order of `columns`), values to be ignored."""
    finder = Finder(layout)
    boxes, scores = finder.rows(300)
    row = finder.graph.op("Concat", boxes, *finder.best(scores), axis=1)
    row = finder.graph.op("Gather", row, finder.graph.constant(columns, np.int64), axis=1)
    if keypoints:
        row = finder.graph.op("Concat", row, finder.constant_columns(scores, keypoints), axis=1)
    size = len(columns) + keypoints
    return finder.save(path, {"output0": batch(finder, row)}, {"output0": [1, 300, size]}, metadata=metadata)


def save_batched_rows(path: Path, layout: Layout = UNIT, metadata: Mapping[str, str] = NO_METADATA) -> Path:
    """[n, 7]: number in the batch, x1, y1, x2, y2, class, score; none where there is nothing."""
    finder = Finder(layout)
    graph = finder.graph
    boxes, scores = finder.rows(2)
    score, class_id = finder.best(scores)
    rows = graph.op("Concat", graph.op("Mul", class_id, graph.constant(0)), boxes, class_id, score, axis=1)
    found = graph.op("Reshape", graph.op("Greater", score, graph.constant(0)), graph.constant([-1], np.int64))
    return finder.save(
        path, {"output": graph.op("Compress", rows, found, axis=0)}, {"output": ["n", 7]}, metadata=metadata
    )


def save_query_boxes(
    path: Path, layout: Layout = UNIT, *, with_class: bool, metadata: Mapping[str, str] = NO_METADATA
) -> Path:
    """[1, queries, 6]: cx, cy, w, h as fractions, score and class, or the scores of two classes."""
    finder = Finder(layout)
    boxes, scores = queries(finder)
    columns = finder.best(scores) if with_class else (scores,)
    rows = finder.graph.op("Concat", finder.centred(boxes), *columns, axis=1)
    return finder.save(path, {"output0": batch(finder, rows)}, {"output0": [1, "n", 6]}, metadata=metadata)


def save_query_logits(
    path: Path,
    layout: Layout = NORMALISED,
    *,
    names: tuple[str, str] = ("dets", "labels"),
    background: float | None = -5.0,
    metadata: Mapping[str, str] = NO_METADATA,
) -> Path:
    """Boxes [1, queries, 4] and logits [1, queries, 2 or 3]; `background` is the logit of a last column."""
    finder = Finder(layout)
    graph = finder.graph
    boxes, scores = queries(finder)
    scores = graph.op("Clip", scores, graph.constant(0.001), graph.constant(0.999))
    logits = graph.op("Log", graph.op("Div", scores, graph.op("Sub", graph.constant(1), scores)))
    if background is not None:
        column = graph.op("Mul", finder.constant_columns(scores, 1), graph.constant(2 * background))
        logits = graph.op("Concat", logits, column, axis=1)
    outputs = {names[0]: batch(finder, finder.centred(boxes)), names[1]: batch(finder, logits)}
    shapes: dict[str, Dims] = {names[0]: ["a", "b", "c"], names[1]: ["d", "e", "f"]}
    return finder.save(path, outputs, shapes, metadata=metadata)


def save_sized_boxes(path: Path, layout: Layout = UNIT, metadata: Mapping[str, str] = NO_METADATA) -> Path:
    """Labels [1, n], boxes [1, n, 4] in units of the size that is given, and scores [1, n]."""
    finder = Finder(layout)
    graph = finder.graph
    boxes, scores = queries(finder)
    size = graph.op("Concat", *[finder.number("orig_target_sizes")] * 2, axis=1)
    score, class_id = finder.best(scores)
    outputs = {
        "labels": batch(finder, graph.op("Squeeze", class_id, graph.constant([1], np.int64))),
        "boxes": batch(finder, graph.op("Mul", boxes, size)),
        "scores": batch(finder, graph.op("Squeeze", score, graph.constant([1], np.int64))),
    }
    shapes: dict[str, Dims] = {"labels": ["a", "b"], "boxes": ["c", "d", "a"], "scores": ["c", "d"]}
    return finder.save(path, outputs, shapes, integers=["labels"], size_input="orig_target_sizes", metadata=metadata)


def save_boxes_and_scores(path: Path, layout: Layout = UNIT, metadata: Mapping[str, str] = NO_METADATA) -> Path:
    """Boxes [1, n, 1, 4] as fractions, and scores [1, n, 2]."""
    finder = Finder(layout)
    boxes, scores = finder.grid()
    boxes = finder.graph.op("Reshape", finder.fractions(boxes), finder.graph.constant([1, -1, 1, 4], np.int64))
    shapes: dict[str, Dims] = {"boxes": [1, "n", 1, 4], "confs": [1, "n", 2]}
    return finder.save(path, {"boxes": boxes, "confs": batch(finder, scores)}, shapes, metadata=metadata)


def save_labelled_boxes(path: Path, layout: Layout = UNIT, metadata: Mapping[str, str] = NO_METADATA) -> Path:
    """From [3, height, width]: boxes [n, 4], scores [n], and labels [n] from 1."""
    finder = Finder(layout, batched=False)
    graph = finder.graph
    boxes, scores = finder.rows(2)
    score, class_id = finder.best(scores)
    axis = graph.constant([1], np.int64)
    outputs = {
        "boxes": boxes,
        "scores": graph.op("Squeeze", score, axis),
        "labels": graph.op("Squeeze", graph.op("Add", class_id, graph.constant(1)), axis),
    }
    shapes: dict[str, Dims] = {"boxes": ["n", 4], "scores": ["n"], "labels": ["n"]}
    return finder.save(path, outputs, shapes, integers=["labels"], metadata=metadata)


def queries(finder: Finder) -> tuple[str, str]:
    """Boxes [n, 4] as fractions (x1, y1, x2, y2) and scores [n, 2] of 100 queries: the two rectangles, and nothing."""
    boxes, scores = finder.rows(100)
    empty = np.zeros((100, 4))
    empty[2:] = (0.4, 0.4, 0.6, 0.6)
    return finder.graph.op("Add", finder.fractions(boxes), finder.graph.constant(empty)), scores


def batch(finder: Finder, rows: str, *, turned: bool = False) -> str:
    """Rows [n, m] as [1, n, m], or [1, m, n] where they are `turned`."""
    if turned:
        rows = finder.graph.op("Transpose", rows, perm=[1, 0])
    return finder.graph.op("Unsqueeze", rows, finder.graph.constant([0], np.int64))
