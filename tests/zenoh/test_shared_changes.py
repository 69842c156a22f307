"""Servers whose viewers change settings at once, or that start later, agree on them."""

import itertools

import pytest

from common.errors import MessageError
from common.messaging.messages import Change, ModelChange, SettingChange, ViewerCount
from common.messaging.regions import RegionsChange
from zenoh_impl.shared_changes import SharedChanges, parse_shared


class Server:
    """A server that keeps its changes, and sends what it shares on request."""

    def __init__(self, name: str) -> None:
        self.applied: list[Change] = []
        self.unsent: list[str] = []
        self.changes = SharedChanges(name, self.apply, lambda _, text: self.unsent.append(text))

    def apply(self, change: Change) -> None:
        """As the hub does: it sends roles what it has applied."""
        self.applied.append(change)
        self.changes.handle(change)

    def change(self, change: Change) -> None:
        """A change by a viewer."""
        self.apply(change)

    def send_to(self, *others: "Server") -> None:
        """Deliver what is unsent."""
        texts, self.unsent = self.unsent, []
        for other, text in itertools.product(others, texts):
            other.changes.receive(parse_shared(text))

    def models(self) -> dict[str | None, str]:
        """The model of each processor, as the hub keeps them."""
        models: dict[str | None, str] = {}
        for each in self.applied:
            if isinstance(each, ModelChange):
                if each.processor is None:
                    models.clear()
                models[each.processor] = each.model
        return models

    def min_score(self) -> object:
        return next(each.value for each in reversed(self.applied) if isinstance(each, SettingChange))


def min_score(value: float) -> SettingChange:
    return SettingChange(name="min_score", value=value)


@pytest.fixture
def hub() -> Server:
    return Server("hub")


@pytest.fixture
def hall() -> Server:
    return Server("hall")


def test_every_kind_of_change_is_applied_by_the_other_server_once(hub: Server, hall: Server) -> None:
    changes: list[Change] = [min_score(0.5), ModelChange(model="default"), RegionsChange(processor="vehicles")]
    for change in changes:
        hub.change(change)
    hub.send_to(hub, hall)
    hall.send_to(hub, hall)
    assert hall.applied == changes
    assert hub.applied == changes
    assert hub.unsent == hall.unsent == []


def test_a_viewer_count_is_not_shared(hub: Server) -> None:
    hub.changes.handle(ViewerCount(count=1))
    assert hub.unsent == []


@pytest.mark.parametrize("hub_first", [True, False])
def test_of_two_changes_made_at_once_both_servers_keep_the_same(hub: Server, hall: Server, hub_first: bool) -> None:
    hub.change(min_score(0.4))
    hall.change(min_score(0.6))
    for one, other in ((hub, hall), (hall, hub))[:: 1 if hub_first else -1]:
        one.send_to(other)
    assert hub.min_score() == hall.min_score() == 0.4  # "hub" sorts behind "hall"


@pytest.mark.parametrize("hub_first", [True, False])
def test_a_model_for_all_and_one_for_a_processor_made_at_once_are_in_force_in_one_order(
    hub: Server, hall: Server, hub_first: bool
) -> None:
    hub.change(ModelChange(processor="vehicles", model="small"))
    hall.change(ModelChange(model="large"))
    for one, other in ((hub, hall), (hall, hub))[:: 1 if hub_first else -1]:
        one.send_to(other)
    assert hub.models() == hall.models() == {None: "large", "vehicles": "small"}


def test_a_server_that_starts_gets_the_newest_change_of_each_kind(hub: Server, hall: Server) -> None:
    for value in (0.4, 0.5, 0.6):
        hub.change(min_score(value))
    hub.change(SettingChange(name="infer_repeat", value=3))
    hub.unsent.clear()
    hub.changes.share_all()
    hub.send_to(hall)
    assert hall.applied == [min_score(0.6), SettingChange(name="infer_repeat", value=3)]


def test_a_change_after_a_restart_is_newer_than_those_before_it(hub: Server, hall: Server) -> None:
    for value in (0.4, 0.5):
        hub.change(min_score(value))
    hub.send_to(hall)
    restarted = Server("hub")
    hall.changes.share_all()
    hall.send_to(restarted)
    restarted.change(min_score(0.9))
    restarted.send_to(hall)
    assert restarted.min_score() == hall.min_score() == 0.9


def test_invalid_text_is_an_error() -> None:
    for text in ("", "{}", '{"revision": 1, "server": "hub", "change": {"type": "viewers", "count": 1}}'):
        with pytest.raises(MessageError):
            parse_shared(text)
