"""What viewers changed is kept by a node with processors while no server runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zenoh

from common.config.settings import Settings
from common.messaging.messages import Change, SettingChange
from common.messaging.regions import RegionsChange
from tests.zenoh.nodes import closing, options, three_boxes
from zenoh_impl import keys
from zenoh_impl.access import rights_of
from zenoh_impl.kept_changes import keeping_changes
from zenoh_impl.session import direct, open_router
from zenoh_impl.shared_changes import SharedChange, parse_shared

PATIENCE_S = 20.0
MIN_SCORE = SharedChange(revision=7, server="hub", change=SettingChange(name="min_score", value=0.5))
OF_ANOTHER = SharedChange(revision=8, server="hub", change=RegionsChange(processor="people"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return three_boxes(tmp_path / "certificates")


@contextmanager
def hub(settings: Settings, folder: Path, *sent: SharedChange) -> Iterator[list[Change]]:
    """Run a hub that sends changes until the node of the processor sends any; yield what that has sent."""
    received: list[Change] = []
    arrival = threading.Event()

    def take(sample: zenoh.Sample) -> None:
        received.append(parse_shared(sample.payload.to_string()).change)
        arrival.set()

    with closing(open_router(folder / "hub.sock", options(settings, "hub"))) as router:
        router.declare_subscriber(keys.changed_by("gpu-box"), direct(take))
        for _ in range(int(PATIENCE_S / 0.05)):
            for each in sent:
                router.put(keys.changed_by("hub"), each.model_dump_json(exclude_none=True))
            if arrival.wait(0.05):
                break
        yield received


def test_a_hub_that_is_started_again_gets_the_changes_back(settings: Settings, tmp_path: Path) -> None:
    rights = next(each for each in rights_of(settings.model_copy(update={"node": "gpu-box"})) if each.processors)
    with (
        closing(open_router(tmp_path / "gpu-box.sock", options(settings, "gpu-box"))) as router,
        keeping_changes(router, rights),
    ):
        with hub(settings, tmp_path, OF_ANOTHER, MIN_SCORE) as received:
            assert received == [MIN_SCORE.change]
        with hub(settings, tmp_path) as received:
            assert received == [MIN_SCORE.change]
