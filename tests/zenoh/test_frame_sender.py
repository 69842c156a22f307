"""The end of a role whose latest queue still encodes a frame."""

import zenoh_impl
from common.config.settings import Settings
from tests.support.roles import PATIENCE_S, put_large_frames
from zenoh_impl.node import Node


def test_a_role_ends_as_usual_while_a_frame_is_encoded_for_its_queue() -> None:
    runtime = zenoh_impl.runtime(Settings())
    assert isinstance(runtime.transport, Node)
    with runtime.transport:
        queue, stop = runtime.latest_queue(), runtime.stop_signal()
        worker = runtime.worker("role", put_large_frames, (queue, stop))
        worker.start()
        for _ in range(3):
            assert queue.get(PATIENCE_S) is not None
        stop.set()
        assert worker.join(PATIENCE_S)
        assert worker._worker.exitcode == 0  # type: ignore[attr-defined]
