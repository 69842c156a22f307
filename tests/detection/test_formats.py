"""What a model is fed, how its outputs are read, and which models are taken at all."""

import numpy as np
import pytest

from common.detection.formats.contracts import Contract, TinyYolov3, Yolox, recognise
from common.detection.tensors import TensorSpec
from common.errors import ModelError
from common.frames import Image

IMAGE = TensorSpec("input_1", "float", (1, 3, 416, 416))
IMAGE_SHAPE = TensorSpec("image_shape", "float", (1, 2))
BOXES = TensorSpec("boxes", "float", (1, None, 4))
SCORES = TensorSpec("scores", "float", (1, 80, None))
SELECTED = TensorSpec("selected", "int32", (1, None, 3))
GRID = TensorSpec("output", "float", (1, 3549, 85))


def open_spec(name: str, kind: str, rank: int) -> TensorSpec:
    return TensorSpec(name, kind, (None,) * rank)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([IMAGE, IMAGE_SHAPE], [BOXES, SCORES, SELECTED]),
        ([IMAGE_SHAPE, IMAGE], [SELECTED, SCORES, BOXES]),
        ([IMAGE, IMAGE_SHAPE], [BOXES, SCORES, TensorSpec("selected", "int64", (None, 3))]),
        (
            [open_spec("input_1", "float", 4), open_spec("image_shape", "float", 2)],
            [open_spec("boxes", "float", 3), open_spec("scores", "float", 3), open_spec("selected", "int32", 3)],
        ),
    ],
    ids=["as in the zoo", "in another order", "flat int64 selection", "all dimensions open"],
)
def test_recognise_knows_tiny_yolov3_by_shapes_and_types(inputs: list[TensorSpec], outputs: list[TensorSpec]) -> None:
    contract = recognise(inputs, outputs)
    assert isinstance(contract, TinyYolov3)
    assert contract.outputs == ("boxes", "scores", "selected")
    assert contract.prepare(picture(432, 768))["input_1"].shape == (1, 3, 416, 416)


@pytest.mark.parametrize(
    ("image_shape", "grid_shape", "canvas"),
    [
        ((1, 3, 416, 416), (1, 3549, 85), (416, 416)),
        ((1, 3, 640, 352), (1, 4620, 6), (640, 352)),
        ((None, 3, None, None), (None, None, None), (416, 416)),
    ],
)
def test_recognise_knows_yolox_by_its_number_of_cells(
    image_shape: tuple[int | None, ...], grid_shape: tuple[int | None, ...], canvas: tuple[int, int]
) -> None:
    contract = recognise([TensorSpec("images", "float", image_shape)], [TensorSpec("output", "float", grid_shape)])
    assert isinstance(contract, Yolox)
    assert contract.prepare(picture(432, 768))["images"].shape == (1, 3, *canvas)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([IMAGE], [TensorSpec("output", "float", (1, 84, 3549))]),
        ([IMAGE], [TensorSpec("output", "float", (1, 10647, 85))]),
        ([TensorSpec("images", "uint8", (1, 3, 416, 416))], [GRID]),
        ([TensorSpec("images", "float", (1, 416, 416, 3))], [GRID]),
        ([TensorSpec("images", "float", (4, 3, 416, 416))], [GRID]),
        ([TensorSpec("images", "float", (1, 3, 420, 416))], [GRID]),
        ([TensorSpec("images", "float", (1, 1000))], [TensorSpec("output", "float", (1, 10))]),
        ([IMAGE, IMAGE_SHAPE], [BOXES, SCORES]),
        ([IMAGE, IMAGE_SHAPE], [BOXES, SCORES, TensorSpec("selected", "float", (1, None, 3))]),
        ([], []),
    ],
)
def test_recognise_refuses_every_other_model(inputs: list[TensorSpec], outputs: list[TensorSpec]) -> None:
    with pytest.raises(ModelError, match=r"expected Tiny YOLOv3 .* or YOLOX"):
        recognise(inputs, outputs)


def test_recognise_says_what_the_model_has() -> None:
    with pytest.raises(ModelError) as refusal:
        recognise([TensorSpec("data", "float16", (None, 3, 224, 224))], [TensorSpec("prob", "float", (1, 1000))])
    message = str(refusal.value)
    assert "data float16 [?, 3, 224, 224]" in message
    assert "prob float [1, 1000]" in message
    assert "\n" not in message


def test_tiny_yolov3_is_fed_rgb_from_0_to_1_in_the_middle_of_grey_128() -> None:
    feed = tiny_yolov3().prepare(picture(432, 768, blue=0, green=51, red=255))
    pixels = feed["input_1"][0]
    np.testing.assert_allclose(pixels[:, 91 : 91 + 234, :], np.broadcast_to(rgb(1, 0.2, 0), (3, 234, 416)), atol=1e-6)
    np.testing.assert_allclose(pixels[:, :91, :], 128 / 255, atol=1e-6)
    np.testing.assert_allclose(pixels[:, 91 + 234 :, :], 128 / 255, atol=1e-6)
    assert pixels.dtype == np.float32
    assert feed["image_shape"].tolist() == [[432, 768]]
    assert feed["image_shape"].dtype == np.float32


def test_yolox_is_fed_bgr_from_0_to_255_at_the_top_left_of_grey_114() -> None:
    pixels = yolox().prepare(picture(432, 768, blue=1, green=51, red=255))["images"][0]
    np.testing.assert_array_equal(pixels[:, :234, :], np.broadcast_to(rgb(1, 51, 255), (3, 234, 416)))
    np.testing.assert_array_equal(pixels[:, 234:, :], 114)
    assert pixels.dtype == np.float32


@pytest.mark.parametrize("contract", ["tiny_yolov3", "yolox"])
def test_nothing_is_left_of_a_frame_of_another_size(contract: str) -> None:
    make = {"tiny_yolov3": tiny_yolov3, "yolox": yolox}[contract]
    used, fresh = make(), make()
    used.prepare(picture(768, 432, red=255))
    name = "input_1" if contract == "tiny_yolov3" else "images"
    after, alone = used.prepare(picture(300, 400))[name], fresh.prepare(picture(300, 400))[name]
    np.testing.assert_array_equal(after, alone)


def test_prepare_reuses_its_buffer() -> None:
    contract = yolox()
    first = contract.prepare(picture(432, 768))["images"]
    assert contract.prepare(picture(432, 768, red=255))["images"] is first


def test_tiny_yolov3_reads_the_selected_boxes_best_first() -> None:
    boxes = np.array([[[0, 0, 1, 1], [108, 192, 216, 384], [-9, 576, 432, 999]]], np.float32)
    scores = np.array([[[0, 0.4, 0.9], [0.95, 0.1, 0.2]]], np.float32)
    # The last two are padding, as exports with a fixed number of selections have it.
    selected = np.array([[[0, 0, 1], [0, 0, 2], [0, 1, 2], [-1, -1, -1], [0, -1, 0]]], np.int32)
    objects = tiny_yolov3().parse((boxes, scores, selected), (432, 768), min_score=0.3)
    assert objects.class_ids.tolist() == [0, 0]
    np.testing.assert_allclose(objects.scores, [0.9, 0.4])
    np.testing.assert_allclose(objects.boxes, [[0.75, 0, 1, 1], [0.25, 0.25, 0.5, 0.5]], atol=1e-6)


def test_tiny_yolov3_reads_an_empty_selection() -> None:
    outputs = (np.zeros((1, 5, 4), np.float32), np.zeros((1, 2, 5), np.float32), np.zeros((1, 0, 3), np.int64))
    assert len(tiny_yolov3().parse(outputs, (432, 768), min_score=0).scores) == 0


@pytest.mark.parametrize(
    ("cell", "stride", "column", "row"), [(0, 8, 0, 0), (53, 8, 1, 1), (2704 + 27, 16, 1, 1), (3548, 32, 12, 12)]
)
def test_yolox_decodes_a_cell_by_its_place_and_stride(cell: int, stride: int, column: int, row: int) -> None:
    grid = np.zeros((1, 3549, 7), np.float32)
    grid[0, cell] = (0.5, 0.25, np.log(2), np.log(3), 0.8, 0.1, 0.5)
    objects = yolox().parse((grid,), (416, 416), min_score=0.3)
    x, y = (column + 0.5) * stride, (row + 0.25) * stride
    pixels = np.array([x - stride, y - 1.5 * stride, x + stride, y + 1.5 * stride])
    np.testing.assert_allclose(objects.boxes, np.clip(pixels / 416, 0, 1)[None], atol=1e-6)
    np.testing.assert_allclose(objects.scores, [0.4], rtol=1e-6)
    assert objects.class_ids.tolist() == [1]


def test_yolox_scores_by_objectness_times_class() -> None:
    grid = np.zeros((1, 3549, 7), np.float32)
    grid[0, 60, 4:], grid[0, 900, 4:] = (0.9, 0.3, 0.2), (0.3, 0.2, 0.99)
    assert len(yolox().parse((grid,), (416, 416), min_score=0.3).scores) == 0
    assert yolox().parse((grid,), (416, 416), min_score=0.28).class_ids.tolist() == [1]
    assert yolox().parse((grid,), (416, 416), min_score=0.26).class_ids.tolist() == [1, 0]


def test_yolox_gives_nothing_that_lies_in_the_padding() -> None:
    grid = np.zeros((1, 3549, 6), np.float32)
    grid[0, 51 * 52 + 5, 4:] = 1  # the lowest row of cells; the frame ends at pixel 234 of 416
    assert len(yolox().parse((grid,), (432, 768), min_score=0.3).scores) == 0


def test_yolox_gives_boxes_inside_the_frame_whatever_the_numbers() -> None:
    grid = np.random.default_rng(7).normal(0, 100, (1, 3549, 7)).astype(np.float32)
    grid[0, :, 4:] = np.random.default_rng(8).uniform(0, 1, (3549, 3))
    grid[0, ::7, :4] = np.nan
    objects = yolox().parse((grid,), (432, 768), min_score=0)
    assert len(objects.boxes) > 0
    assert objects.boxes.min() >= 0
    assert objects.boxes.max() <= 1


@pytest.mark.parametrize(
    ("boxes", "scores", "selected"),
    [((1, 9, 5), (1, 2, 9), (1, 1, 3)), ((1, 8, 4), (1, 2, 9), (1, 1, 3)), ((1, 9, 4), (1, 9), (1, 1, 3))],
)
def test_tiny_yolov3_refuses_outputs_that_break_the_contract(
    boxes: tuple[int, ...], scores: tuple[int, ...], selected: tuple[int, ...]
) -> None:
    outputs = (np.zeros(boxes, np.float32), np.zeros(scores, np.float32), np.zeros(selected, np.int64))
    with pytest.raises(ModelError, match="gave outputs of shape"):
        tiny_yolov3().class_count(outputs)


@pytest.mark.parametrize("shape", [(1, 3548, 85), (1, 3549, 5), (1, 3549), (2, 3549, 85)])
def test_yolox_refuses_outputs_that_break_the_contract(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="gave an output of shape"):
        yolox().class_count((np.zeros(shape, np.float32),))


def tiny_yolov3() -> Contract:
    return recognise([IMAGE, IMAGE_SHAPE], [BOXES, SCORES, SELECTED])


def yolox() -> Contract:
    return recognise(
        [TensorSpec("images", "float", (1, 3, 416, 416))], [TensorSpec("output", "float", (1, 3549, None))]
    )


def picture(height: int, width: int, *, blue: int = 0, green: int = 0, red: int = 0) -> Image:
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (blue, green, red)
    return image


def rgb(*levels: float) -> np.ndarray:
    return np.array(levels).reshape(3, 1, 1)
