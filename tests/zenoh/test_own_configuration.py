"""A Zenoh configuration of one's own: where a node listens, and the keys that its access control must allow."""

import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import ROOT, running, viewing
from tests.support.cluster import eventually, flows, wait_until_ready
from tests.support.ports import free_port
from zenoh_impl import keys
from zenoh_impl.access import EVERYTHING
from zenoh_impl.session import RouterOptions, router_config

DOCUMENTED = re.findall(
    r"^\| `(vision/\*/\w+/\*\*)` \|", (ROOT / "docs" / "networks.md").read_text(encoding="utf-8"), re.MULTILINE
)
SETTINGS = """
impl = "zenoh"
server = {{node = "hub"}}
zenoh = {{config = "{config}"}}

[[cameras]]
name = "gate"
node = "gate-box"
source = {source}

[[processors]]
name = "finder"
node = "gpu-box"
model = {model}
"""


def test_the_documentation_names_every_key() -> None:
    used = re.findall(r"\{PREFIX\}/(\w+)/", Path(keys.__file__).read_text(encoding="utf-8"))
    assert {key.split("/")[2] for key in DOCUMENTED} == set(used)


@pytest.mark.parametrize(
    ("stated", "endpoints"),
    [
        ({}, []),
        ({"endpoints": ["tcp/127.0.0.1:7447"]}, ["tcp/127.0.0.1:7447"]),
        ({"endpoints": {"router": ["tcp/127.0.0.1:7447"], "peer": ["tcp/127.0.0.1:0"]}}, ["tcp/127.0.0.1:7447"]),
        ({"endpoints": {"peer": ["tcp/127.0.0.1:0"]}}, []),
    ],
    ids=["none", "a list", "a list for each mode", "one for another mode"],
)
def test_a_router_listens_where_the_file_states_and_nowhere_else(
    stated: dict[str, Any], endpoints: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "zenoh.json5"
    file.write_text(json.dumps({"listen": stated}))
    config = router_config(tmp_path / "socket", RouterOptions("hub", config=file))
    assert json.loads(config.get_json("listen/endpoints")) == [f"unixsock-stream/{tmp_path}/socket", *endpoints]


def configuration(**endpoints: Any) -> dict[str, Any]:
    """Return a configuration that allows the documented keys between nodes, and nothing else."""

    def rule(name: str, expressions: list[str]) -> dict[str, Any]:
        both = ["ingress", "egress"]
        return {"id": name, "messages": EVERYTHING, "flows": both, "permission": "allow", "key_exprs": expressions}

    return {
        **endpoints,
        "scouting": {"multicast": {"enabled": False}, "gossip": {"enabled": False}},
        "transport": {"shared_memory": {"enabled": False}},
        "access_control": {
            "enabled": True,
            "default_permission": "deny",
            "rules": [rule("all", ["**"]), rule("documented", DOCUMENTED)],
            "subjects": [
                {"id": "roles", "link_protocols": ["unixsock-stream"]},
                {"id": "nodes", "link_protocols": ["tcp"]},
            ],
            "policies": [
                {"rules": ["all"], "subjects": ["roles"]},
                {"rules": ["documented"], "subjects": ["nodes"]},
            ],
        },
    }


@pytest.mark.timeout(300)
async def test_video_and_boxes_flow_where_only_the_documented_keys_are_allowed(
    small: tuple[str, ...], tmp_path: Path
) -> None:
    _, source, _, model = map(json.dumps, small)
    hub = {"endpoints": [f"tcp/127.0.0.1:{free_port()}"]}
    async with AsyncExitStack() as stack:
        apps = {}
        for node, config in (("hub", {"listen": hub}), ("gate-box", {"connect": hub}), ("gpu-box", {"connect": hub})):
            file = tmp_path / f"{node}.json5"
            file.write_text(json.dumps(configuration(**config)))
            settings = tmp_path / f"{node}.toml"
            settings.write_text(SETTINGS.format(config=file, source=source, model=model))
            apps[node] = stack.enter_context(running("--config", str(settings), "--node", node))
        wait_until_ready(apps["hub"])
        viewer = await stack.enter_async_context(viewing(apps["hub"]))
        await eventually(viewer, flows)
        nodes = apps["hub"].stats()["nodes"]
        assert all(nodes[name]["round_trip_ms"] is not None for name in ("gate-box", "gpu-box"))
