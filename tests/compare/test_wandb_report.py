"""The report that W&B is sent, by its own library, to a server of ours that answers as theirs does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ecg.compare.wandb_report import wandb_report
from ecg.errors import EcgError

ECG = Path(sys.executable).with_name("ecg")


class Server(ThreadingHTTPServer):
    """Knows me/ecg; keeps the views that it is sent."""

    views: list[dict[str, Any]]


VIEWER = {"id": "1", "entity": "me", "username": "me", "email": "", "flags": "{}", "teams": {"edges": []}}
PROJECT = {"id": "2", "name": "ecg", "entityName": "me", "createdAt": "", "isBenchmark": False, "user": None}


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = json.loads(body) if body.startswith(b"{") else {}
        query, said = asked.get("query", ""), asked.get("variables") or {}
        data: dict[str, Any] = {"viewer": VIEWER}
        if "upsertView" in query:
            self.server.views.append(said)
            kept = {key: said[key] for key in ("name", "displayName", "description", "type", "spec")}
            data = {"upsertView": {"view": {"id": "Vmlldzox", "project": PROJECT, **kept}, "inserted": True}}
        elif "ProjectInternalId" in query:
            data = {"project": {"id": "2", "internalId": "UHJvamVjdEludGVybmFsSWQ6Mg=="}}
        elif "GetProjects" in query:
            pages = {"hasNextPage": False, "endCursor": "1"}
            data = {"models": {"edges": [{"node": PROJECT, "cursor": "1"}], "pageInfo": pages}}
        self._say({"data": data})

    def _say(self, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), Answers)
    found.views = []
    Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()


def ecg(server: Server, tmp_path: Path, *words: str, **said: str) -> subprocess.CompletedProcess[str]:
    own = {"WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_API_KEY": "a" * 40, "HOME": str(tmp_path)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")}
    command = [str(ECG), "wandb-report", *words]
    where: dict[str, Any] = {"env": kept | own | said, "cwd": tmp_path}
    return subprocess.run(command, **where, check=False, capture_output=True, text=True, timeout=120)


def charts(spec: dict[str, Any]) -> list[dict[str, Any]]:
    grid = next(block for block in spec["blocks"] if block["type"] == "panel-grid")
    found: list[dict[str, Any]] = grid["metadata"]["panelBankSectionConfig"]["panels"]
    return found


def sent(server: Server, tmp_path: Path, *words: str) -> dict[str, Any]:
    done = ecg(server, tmp_path, "me/ecg", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(server.views[-1]["spec"])
    return found


def test_the_command_sends_a_report_and_says_where_it_is(server: Server, tmp_path: Path) -> None:
    done = ecg(server, tmp_path, "me/ecg", "--group", "layers")
    assert done.returncode == 0, done.stderr
    address = f"http://127.0.0.1:{server.server_port}/me/ecg/reports/subject/auroc-over-transfer.trainable_layers"
    assert done.stdout.strip().startswith(address)
    (view,) = server.views
    assert (view["entityName"], view["projectName"], view["type"]) == ("me", "ecg", "runs")
    drawn = charts(json.loads(view["spec"]))
    assert [one["viewType"] for one in drawn].count("Bar Chart") == 3
    grid = json.loads(view["spec"])["blocks"][2]
    assert '"layers"' in json.dumps(grid["metadata"]["runSets"][0]["filters"])


@pytest.mark.parametrize(
    ("words", "said", "message"),
    [
        (["me/other"], {}, "me has no project other; it has ecg"),
        (["ecg"], {}, "ecg names no project; write ENTITY/PROJECT"),
        (["me/ecg/3"], {}, "me/ecg/3 names no project"),
        (["me/ecg"], {"WANDB_API_KEY": "short"}, "me/ecg: W&B says: "),
    ],
)
def test_what_cannot_be_sent_is_told_in_one_line(
    server: Server, tmp_path: Path, words: list[str], said: dict[str, str], message: str
) -> None:
    done = ecg(server, tmp_path, *words, **said)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("wandb:")]
    assert line.startswith("error: ecg wandb-report: ")
    assert message in line
    assert not server.views


def test_its_charts_ask_for_the_score_by_the_first_setting(server: Server, tmp_path: Path) -> None:
    settings = ["--setting", "model.dropout", "--setting", "seed"]
    drawn = charts(sent(server, tmp_path, "--score", "test/macro_f1", *settings))
    bars, scatter = drawn[0]["config"], drawn[1]["config"]
    assert (bars["metrics"], bars["groupBy"], bars["groupAgg"]) == (["test/macro_f1"], "model.value.dropout", "mean")
    assert (scatter["xAxis"], scatter["yAxis"]) == ("config:model.value.dropout", "summary:test/macro_f1")
    beside = next(one["config"] for one in drawn if one["config"].get("chartTitle") == "beside the baselines")
    assert beside["metrics"] == [
        "test/macro_f1", "baseline/majority/test/macro_f1", "baseline/nearest/test/macro_f1",
    ]  # fmt: skip
    places = [(one["layout"]["x"], one["layout"]["y"]) for one in drawn]
    assert len(set(places)) == len(places)


def test_a_report_of_a_search_draws_nothing_of_the_test_subset(server: Server, tmp_path: Path) -> None:
    said = json.dumps(sent(server, tmp_path, "--score", "val/macro_f1", "--setting", "optimizer.lr"))
    assert "val/macro_f1" in said
    assert "test/" not in said
    assert "baseline/" not in said


def test_a_report_without_settings_is_refused() -> None:
    with pytest.raises(EcgError, match="name one setting"):
        wandb_report("me/ecg", settings=[])
