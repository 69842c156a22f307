"""The viewers of several servers are added up."""

from common.messaging.messages import ViewerCount
from zenoh_impl.views import Views


def test_a_camera_is_watched_while_it_is_on_any_server() -> None:
    sums: list[ViewerCount] = []
    views = Views(sums.append)
    views.count("hub", ViewerCount(count=1, cameras={"gate": 1, "yard": 0}, tiles={"yard": 320}))
    views.count("hall", ViewerCount(count=2, cameras={"gate": 0, "yard": 2}, tiles={"yard": 640}))
    views.count("hub", ViewerCount(count=0, cameras={"gate": 0, "yard": 0}))
    views.forget("hall")
    assert [(each.count, each.cameras, each.tiles) for each in sums] == [
        (1, {"gate": 1, "yard": 0}, {"yard": 320}),
        (3, {"gate": 1, "yard": 2}, {"yard": 640}),
        (2, {"gate": 0, "yard": 2}, {"yard": 640}),
        (0, {"gate": 0, "yard": 0}, {}),
    ]


def test_the_count_of_the_only_camera_needs_no_name() -> None:
    sums: list[ViewerCount] = []
    views = Views(sums.append)
    views.count("hub", ViewerCount(count=0))
    views.count("hall", ViewerCount(count=1))
    assert [(each.count, each.cameras) for each in sums] == [(0, None), (1, None)]
