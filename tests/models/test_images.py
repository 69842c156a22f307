"""Training images: reading, augmentation and anchors."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.detector import data
from models.training.detector.anchors import anchors_for
from models.training.detector.augment import place, square
from models.training.detector.data import ANY, CLASSES, IGNORED, LabelledImage

EVEN = np.array([1.0])
CAR = CLASSES.index("car")


def white_on_black(boxes: list[tuple[int, int, int, int]], size: tuple[int, int] = (480, 320)) -> LabelledImage:
    """Return an image with a white rectangle at each box, labelled as a car."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = 255
    return LabelledImage("test", "test", image, np.array(boxes, np.float32), np.full(len(boxes), CAR))


def bright(image: data.Image) -> tuple[int, int, int, int]:
    """Return the box around the white pixels."""
    rows, columns = np.nonzero((image > 200).all(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("seed", range(40))
def test_a_box_matches_its_object_after_augmentation(seed: int) -> None:
    random = np.random.default_rng(seed)
    canvas = np.full((200, 300, 3), 128, np.uint8)
    boxes, kinds = place(white_on_black([(200, 100, 290, 160)]), canvas, random.uniform(150, 500), random)
    if len(boxes):  # otherwise it was cropped away
        assert bright(canvas) == pytest.approx(boxes[0], abs=1.6)
        assert kinds[0] in (CAR, IGNORED)


def test_an_object_that_is_mostly_cropped_is_ignored() -> None:
    random = np.random.default_rng(0)
    kinds_found = set()
    for _ in range(300):
        canvas = np.full((80, 80, 3), 128, np.uint8)
        boxes, kinds = place(white_on_black([(200, 100, 290, 160)]), canvas, 480, random)
        for (x1, y1, x2, y2), kind in zip(boxes.tolist(), kinds.tolist(), strict=True):
            share = (x2 - x1) * (y2 - y1) / (90 * 60)
            if not 0.25 < share < 0.5:  # its aspect ratio varies slightly
                kinds_found.add(kind)
                assert kind == (CAR if share > 0.35 else IGNORED)
    assert kinds_found == {CAR, IGNORED}


def test_the_same_random_numbers_give_the_same_square() -> None:
    images = [white_on_black([(20, 30, 90, 80)])]
    first, second, other = (square(images, EVEN, 224, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first.image == second.image).all()
    assert first.boxes.tolist() == second.boxes.tolist()
    assert (first.image != other.image).any()


def test_a_square_marks_where_boxes_may_be_missing() -> None:
    whole = white_on_black([(20, 30, 90, 80)])
    partial = LabelledImage("test", "views", whole.image, whole.boxes, whole.kinds, unlabelled=0b101)
    random = np.random.default_rng(0)
    assert all((square([partial], EVEN, 224, random).unlabelled == 0b101).all() for _ in range(10))
    assert not any(square([whole], EVEN, 224, random).unlabelled.any() for _ in range(10))


def test_anchors_are_the_sizes_of_the_boxes() -> None:
    boxes = [(10, 10, 30, 30), (100, 10, 160, 50), (200, 100, 440, 300)]
    anchors = anchors_for(6, [white_on_black(boxes)], EVEN, 416, 0)
    assert len(anchors) == 6
    areas = [width * height for width, height in anchors]
    assert areas == sorted(areas)
    assert areas[-1] > 20 * areas[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a road_users set of two images, one of them for validation."""
    for name in ("images", "labels", "labels_completed", "ignore"):
        (tmp_path / name).mkdir()
    for name in ("bd_1", "man_2"):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), np.zeros((100, 200, 3), np.uint8))
    (tmp_path / "val.txt").write_text("man_2.jpg\n")
    sources = {"bd": {"labelled": [1, 2, 3, 4, 5]}, "man": {"labelled": [2], "unlabelled": [0]}}
    (tmp_path / "sources.json").write_text(json.dumps(sources))
    (tmp_path / "labels_completed/bd_1.txt").write_text("2 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.1 0.1\n")
    (tmp_path / "ignore/bd_1.txt").write_text("0.25 0.5 0.1 0.2\n")
    (tmp_path / "labels/man_2.txt").write_text("5 0.5 0.5 1 1\n")
    return tmp_path


def test_training_images_have_the_completed_labels_and_the_ignored_regions(folder: Path) -> None:
    (image,) = data.road_users(folder)
    assert (image.name, image.source) == ("bd_1.jpg", "bd")
    assert image.kinds.tolist() == [2, 0, IGNORED]
    assert image.boxes[0].tolist() == pytest.approx([80, 30, 120, 70])
    assert image.boxes[2].tolist() == pytest.approx([40, 40, 60, 60])


def test_classes_without_published_boxes_are_unlabelled(folder: Path) -> None:
    (image,) = data.road_users(folder)
    assert image.unlabelled == 1 << CLASSES.index("person")
    (folder / "val.txt").write_text("bd_1.jpg\n")
    (folder / "labels_completed").rename(folder / "unused")
    (image,) = data.road_users(folder)
    assert (image.name, image.unlabelled) == ("man_2.jpg", 1 << CLASSES.index("person"))


def test_validation_images_have_the_published_labels(folder: Path) -> None:
    (image,) = data.road_users_validation(folder)
    assert (image.name, image.kinds.tolist()) == ("man_2.jpg", [5])
    assert image.boxes.tolist() == [[0, 0, 200, 100]]


def test_the_class_of_a_vehicle_in_a_highway_view_is_unknown(folder: Path) -> None:
    (folder / "labels/bd_1.txt").write_text("2 0.5 0.5 0.2 0.4\n")
    first = data.highway_views(folder)[0]
    assert (first.unlabelled, first.source, first.kinds.tolist()) == (data.ALL, "views", [ANY, IGNORED])


def test_the_error_names_an_image_that_cannot_be_read(folder: Path) -> None:
    (folder / "images/bd_1.jpg").write_bytes(b"not an image")
    with pytest.raises(FileNotFoundError, match=r"bd_1\.jpg"):
        data.road_users(folder)
