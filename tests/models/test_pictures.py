"""What a network is shown in training: boxes stay on their objects, whatever is done to the picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.detector import data
from models.training.detector.anchors import anchors_for
from models.training.detector.augment import lay, square
from models.training.detector.data import ANY, CAR, IGNORED, Picture

EVEN = np.array([1.0])


def white_on_black(boxes: list[tuple[int, int, int, int]], size: tuple[int, int] = (480, 320)) -> Picture:
    """A picture with a white rectangle, a car, at each place."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = 255
    return Picture("test", "test", image, np.array(boxes, np.float32), np.full(len(boxes), CAR))


def bright(image: data.Image) -> tuple[int, int, int, int]:
    """The box around what is white: neither the picture's black nor the padding's grey."""
    rows, columns = np.nonzero((image > 200).all(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("seed", range(40))
def test_a_box_stays_on_its_object(seed: int) -> None:
    random = np.random.default_rng(seed)
    canvas = np.full((200, 300, 3), 128, np.uint8)
    boxes, kinds = lay(white_on_black([(200, 100, 290, 160)]), canvas, random.uniform(150, 500), random)
    if len(boxes):  # else it was cut away
        assert bright(canvas) == pytest.approx(boxes[0], abs=1.6)
        assert kinds[0] in (CAR, IGNORED)


def test_an_object_of_which_a_cut_leaves_little_is_ignored() -> None:
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(300):
        canvas = np.full((80, 80, 3), 128, np.uint8)
        boxes, kinds = lay(white_on_black([(200, 100, 290, 160)]), canvas, 480, random)
        for (x1, y1, x2, y2), kind in zip(boxes.tolist(), kinds.tolist(), strict=True):
            share = (x2 - x1) * (y2 - y1) / (90 * 60)
            if not 0.25 < share < 0.5:  # how wide and high it is drawn varies a little
                seen.add(kind)
                assert kind == (CAR if share > 0.35 else IGNORED)
    assert seen == {CAR, IGNORED}


def test_the_same_random_numbers_give_the_same_square() -> None:
    pictures = [white_on_black([(20, 30, 90, 80)])]
    first, second, other = (square(pictures, EVEN, 224, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first.image == second.image).all()
    assert first.boxes.tolist() == second.boxes.tolist()
    assert (first.image != other.image).any()


def test_a_square_says_where_boxes_may_be_missing() -> None:
    whole = white_on_black([(20, 30, 90, 80)])
    partial = Picture("test", "views", whole.image, whole.boxes, whole.kinds, partial=True)
    random = np.random.default_rng(0)
    assert all(square([partial], EVEN, 224, random).partial.all() for _ in range(10))
    assert not any(square([whole], EVEN, 224, random).partial.any() for _ in range(10))


def test_anchors_are_the_sizes_that_there_are() -> None:
    boxes = [(10, 10, 30, 30), (100, 10, 160, 50), (200, 100, 440, 300)]
    anchors = anchors_for(6, [white_on_black(boxes)], EVEN, 416, 0)
    assert len(anchors) == 6
    areas = [width * height for width, height in anchors]
    assert areas == sorted(areas)
    assert areas[-1] > 20 * areas[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A road_users set of two pictures, one of them held out."""
    for name in ("images", "labels", "labels_completed", "ignore"):
        (tmp_path / name).mkdir()
    for name in ("bd_1", "man_2"):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), np.zeros((100, 200, 3), np.uint8))
    (tmp_path / "val.txt").write_text("man_2.jpg\n")
    (tmp_path / "labels_completed/bd_1.txt").write_text("2 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.1 0.1\n")
    (tmp_path / "ignore/bd_1.txt").write_text("0.25 0.5 0.1 0.2\n")
    (tmp_path / "labels/man_2.txt").write_text("5 0.5 0.5 1 1\n")
    return tmp_path


def test_training_takes_the_completed_labels_and_the_ignored_regions(folder: Path) -> None:
    (picture,) = data.road_users(folder)
    assert (picture.name, picture.source) == ("bd_1.jpg", "bd")
    assert picture.kinds.tolist() == [2, 0, IGNORED]
    assert picture.boxes[0].tolist() == pytest.approx([80, 30, 120, 70])
    assert picture.boxes[2].tolist() == pytest.approx([40, 40, 60, 60])


def test_validation_takes_the_published_labels_of_what_is_held_out(folder: Path) -> None:
    (picture,) = data.road_users_validation(folder)
    assert (picture.name, picture.kinds.tolist()) == ("man_2.jpg", [5])
    assert picture.boxes.tolist() == [[0, 0, 200, 100]]


def test_a_highway_view_says_of_no_vehicle_what_it_is(folder: Path) -> None:
    (folder / "labels/bd_1.txt").write_text("2 0.5 0.5 0.2 0.4\n")
    first = data.highway_views(folder)[0]
    assert (first.partial, first.source, first.kinds.tolist()) == (True, "views", [ANY, IGNORED])


def test_a_picture_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "images/bd_1.jpg").write_bytes(b"no picture")
    with pytest.raises(FileNotFoundError, match=r"bd_1\.jpg"):
        data.road_users(folder)
