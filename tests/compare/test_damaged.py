"""A damaged or strange run folder leaves the others of the same comparison alone, and is told in a line."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ecg.compare import find_runs, job_table
from ecg.compare.pipeline import compare_runs
from ecg.compare.settings import group_runs
from ecg.compare.tested import read_histories, read_tested

from .conftest import fake_run

BINARY = b"\x89PNG\r\n\x00\xff\xfe\x80"
HEAD = b"record,patient,sample,label,predicted"
TOLD: list[tuple[str, bytes]] = [
    ("provenance.json", b"[1]"),
    ("provenance.json", BINARY),
    ("config.yaml", BINARY),
    ("config.yaml", b"- 1\n"),
    ("history.csv", BINARY),
    ("history.csv", b"epoch,val/loss,val/macro_f1\n0,low,high\n"),
    ("history.csv", b"step\n1\n"),
    ("predictions.csv", BINARY),
    ("predictions.csv", HEAD + b"\nr,p,1,MI,MI\n"),
    ("predictions.csv", HEAD + b",p_MI\nr,p,1,\x1b[31mX,MI,0.5\n"),
    ("metrics.json", b"[]"),
    ("metrics.json", BINARY),
]


@dataclass(frozen=True)
class Compared:
    """A comparison of a sound run, `0`, and others.

    Attributes:
        root: folder of the runs.
        said: what the terminal said, on one line.
        rows: of runs.csv, by the name of the run's folder.
        page: as HTML.
    """

    root: Path
    said: str
    rows: dict[str, dict[str, str]]
    page: str


def compared(root: Path) -> Compared:
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        patch.setenv("COLUMNS", "1000")
        page = compare_runs([root])
    with (page.parent / "runs.csv").open(encoding="utf-8") as handle:
        rows = {Path(row["folder"]).name: row for row in csv.DictReader(handle)}
    return Compared(root, " ".join(out.getvalue().split()), rows, page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Runs with each damage, beside a sound one."""
    root = tmp_path_factory.mktemp("damaged")
    fake_run(root / "0", seed=0)
    for number, (file, content) in enumerate(TOLD, start=1):
        (fake_run(root / str(number), seed=number) / file).write_bytes(content)
    return compared(root)


@pytest.mark.parametrize(("number", "file"), list(enumerate([file for file, _ in TOLD], start=1)))
def test_a_damaged_file_is_told_by_name(damaged: Compared, number: int, file: str) -> None:
    path = damaged.root / str(number) / file
    assert f"{path} is damaged" in damaged.said
    assert f"{path} is damaged" in damaged.page
    assert damaged.rows[str(number)]["state"] == ("failed" if file == "metrics.json" else "finished")


def test_damage_leaves_the_sound_run_alone_and_the_terminal_as_it_was(damaged: Compared) -> None:
    sound = damaged.rows["0"]
    assert (sound["state"], sound["reason"]) == ("finished", "")
    assert float(sound["test/macro_f1"]) > 0
    assert "\x1b" not in damaged.said + damaged.page


STRANGE: dict[str, dict[str, Any]] = {
    "notes a number": {"notes": 5},
    "notes text": {"notes": "one"},
    "notes of anything": {"notes": [1, {"a": 2}, None]},
    "seed a mapping": {"seed": {"a": 1}},
    "seed huge": {"seed": 1e300},
    "name a list": {"name": ["x"]},
    "name of many lines": {"name": "a\n\n| b | <b>"},
    "a score that is text": {"test/macro_f1": "x"},
    "a score of 400 digits": {"test/macro_f1": 10**400},
    "layers in words": {"transfer/trainable_layers": "three"},
    "layers below none": {"transfer/trainable_layers": -1},
    "dataset a mapping": {"dataset": {"a": 1}},
    "model a list": {"model": [1]},
    "simulated in words": {"simulated": "perhaps"},
    "a split that is markup": {"split": "<script>alert(1)</script>"},
    "time below none": {"time/fit_s": -5, "params/trainable": "x"},
}


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Runs with each strange value in their results, beside a sound one."""
    root = tmp_path_factory.mktemp("strange")
    fake_run(root / "0", seed=0)
    for number, values in enumerate(STRANGE.values(), start=1):
        metrics = fake_run(root / str(number), seed=number) / "metrics.json"
        metrics.write_text(json.dumps(json.loads(metrics.read_text()) | values))
    return compared(root)


def test_strange_values_in_results_leave_the_sound_run_alone(strange: Compared) -> None:
    sound = strange.rows["0"]
    assert (sound["state"], sound["reason"]) == ("finished", "")
    assert float(sound["test/macro_f1"]) > 0
    assert set(strange.rows) == {str(number) for number in range(len(STRANGE) + 1)}
    assert {row["state"] for row in strange.rows.values()} == {"finished"}


def test_strange_values_are_shown_as_text(strange: Compared) -> None:
    assert "<script>alert" not in strange.page
    assert "&lt;script&gt;alert(1)" in strange.page
    number = str(list(STRANGE).index("name of many lines") + 1)
    assert strange.rows[number]["name"] == STRANGE["name of many lines"]["name"]
    assert "| b | <b>" not in (strange.root / "compare" / "comparison.md").read_text(encoding="utf-8")


def test_strange_values_break_no_table_of_jobs(strange: Compared) -> None:
    console = Console(width=200, record=True, color_system=None, file=io.StringIO())
    console.print(job_table(strange.root))
    assert console.export_text().count("finished") == len(STRANGE) + 1


def test_an_environment_variable_that_a_stranger_names_is_not_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_SECRET", "mysecret")
    for seed in (0, 1):
        fake_run(
            tmp_path / str(seed), seed=seed, config={"optimizer.lr": "${oc.env:ECG_SECRET}", "model.dropout": seed}
        )
    assert "mysecret" not in compared(tmp_path).said
    written = [path for path in (tmp_path / "compare").rglob("*") if path.is_file()]
    assert len(written) > 4
    assert not [path for path in written if b"mysecret" in path.read_bytes()]


def test_what_cannot_be_read_is_left_out_of_figures_and_told(tmp_path: Path) -> None:
    for seed in (0, 1, 2):
        fake_run(tmp_path / str(seed), seed=seed)
    (tmp_path / "1" / "predictions.csv").write_text("record\n1\n")
    (tmp_path / "2" / "history.csv").write_text("")
    (group,) = group_runs(find_runs(tmp_path))
    problems: list[str] = []
    tested, histories = read_tested(group.runs, problems), read_histories(group.runs, problems)
    assert set(tested) == {str(tmp_path / "0"), str(tmp_path / "2")}
    assert set(histories) == {str(tmp_path / "0"), str(tmp_path / "1")}
    first, second = problems
    assert first == f"{tmp_path / '1' / 'predictions.csv'} is damaged: it has no column patient"
    assert second.startswith(f"{tmp_path / '2' / 'history.csv'} is damaged: ")
