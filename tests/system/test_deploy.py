"""The files of deploy/: their metrics exist in a running app, and the tools they are for accept them."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apps import App, running
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES, DASHBOARD = DEPLOY / "rules.yml", DEPLOY / "grafana/dashboards/edge-vision.json"


@pytest.fixture(scope="module")
def exposition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a running app, with a viewer, serves at /metrics."""
    folder = tmp_path_factory.mktemp("deploy")
    clip, model = write_clip(folder / "clip.avi", 60, 30), save_yolox(folder / "finder.onnx")
    with running("--impl", "threading", "--source", str(clip), "--model", str(model)) as app:
        app.wait_until_ready()
        app.until(lambda: len(app.stats()["roles"]) == 3, "a report of every role")
        yield metrics(app)


def metrics(app: App) -> str:
    return app.ask("/metrics").body.decode()


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def expressions() -> dict[str, str]:
    """Return the text of the rules and the queries of the dashboard."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    queries += [variable["query"] for variable in board["templating"]["list"]]
    rules = "\n".join(line for line in RULES.read_text(encoding="utf-8").splitlines() if "summary" not in line)
    return {"rules": rules, "dashboard": "\n".join(queries)}


@pytest.mark.parametrize("name", ["rules", "dashboard"])
def test_every_metric_exists_in_a_running_app(name: str, exposition: str) -> None:
    used = set(re.findall(r"\bvision_\w+", expressions()[name]))
    # A histogram without a sample yet has a type, and no series.
    types = re.findall(r"^# TYPE (vision_\w+) histogram", exposition, re.MULTILINE)
    types += [f"{name}_bucket" for name in types] + re.findall(r"^# TYPE (vision_\w+) gauge", exposition, re.MULTILINE)
    served = {*types, *re.findall(r"^(vision_\w+)", exposition, re.MULTILINE)}
    assert len(used) > 3
    assert used <= served


@pytest.mark.parametrize("name", ["rules", "dashboard"])
@pytest.mark.parametrize("label", ["stage", "consumer", "cause"])
def test_every_label_value_exists_in_a_running_app(name: str, label: str, exposition: str) -> None:
    values = re.findall(rf'\b{label}(?:=~|!=|=)"([^"]+)"', expressions()[name])
    used = {value for alternatives in values for value in alternatives.split("|")}
    assert used <= set(re.findall(rf'\b{label}="([^"]+)"', exposition))


@pytest.mark.parametrize("name", ["rules", "dashboard"])
def test_metrics_have_the_labels_by_which_they_are_grouped(name: str, exposition: str) -> None:
    grouped = re.findall(r"sum by \(([^)]+)\)\s*\((?:\w+\()?(vision_\w+)", expressions()[name])
    assert len(grouped) > 3
    for labels, metric in grouped:
        if series := re.search(rf"^{metric}\{{(.*)\}}", exposition, re.MULTILINE):
            assert set(labels.split(", ")) <= {"instance", *re.findall(r'(\w+)="', series[1])}, metric


def test_prometheus_accepts_the_rules() -> None:
    checked = run("promtool", "check", "rules", str(RULES))
    assert checked.returncode == 0, checked.stderr


def test_prometheus_accepts_the_metrics(exposition: str) -> None:
    checked = run("promtool", "check", "metrics", text=exposition)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "edge-vision.service").read_text(encoding="utf-8")
    installed = unit.replace("/opt/edge-vision/.venv/bin/python", sys.executable)
    assert installed != unit
    (tmp_path / "edge-vision.service").write_text(installed, encoding="utf-8")
    checked = run("systemd-analyze", "verify", str(tmp_path / "edge-vision.service"))
    assert (checked.returncode, checked.stderr) == (0, "")
