"""`ecg compare` from the command line to its files."""

from __future__ import annotations

import csv
import re
import struct
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ecg
from ecg.commands import cli
from ecg.compare import find_runs
from ecg.compare.figures.scores import amount_figure
from ecg.compare.measures import Measure
from ecg.compare.pipeline import compare_runs
from ecg.compare.settings import group_runs
from ecg.errors import EcgError

from .conftest import NOTE, fake_failure, fake_run

FILES = {"index.html", "runs.csv", "summary.csv", "comparison.md", "confusion.png", "learning_curves.png"}
OUTSIDE = re.compile(
    r"""(?:src|href)\s*=\s*(?!["']?(?:data:|\#|\.\./))|url\(|@import|https?://|fetch\(|XMLHttp|WebSocket"""
)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that `ecg compare` wrote for a sweep, and what it said."""
    root = tmp_path_factory.mktemp("outputs") / "my_sweep"
    for number, (k, source, seed) in enumerate(
        [(1, None, 0), (1, None, 1), (3, None, 0), (3, None, 1), (1, "random", 0), (None, None, 0), (None, None, 1)]
    ):
        fake_run(root / f"{number}_mi", k=k, source=source, seed=seed)
    fake_failure(root / "7_mi", "lead ii is <b>missing</b>\n")
    fake_run(root / "8_mi", k=3, seed=5, metrics={"limit_batches": 2, "test/macro_f1": 0.999})
    result = CliRunner().invoke(cli, ["compare", str(root)], env={"COLUMNS": "80"}, catch_exceptions=False)
    assert result.exit_code == 0
    return root / "compare", result.output


def test_all_files_are_written(compared: tuple[Path, str]) -> None:
    folder, _ = compared
    names = {path.name for path in folder.iterdir()}
    scores = {f"{what}_{key}.png" for what in ("layers", "time") for key in ("test_macro_f1", "subject_auroc")}
    assert names == FILES | scores
    for picture in folder.glob("*.png"):
        width, height = struct.unpack(">II", picture.read_bytes()[16:24])
        assert 600 < width < 3000
        assert 300 < height < 3000


def test_the_terminal_names_runs_settings_and_what_is_left_out(compared: tuple[Path, str]) -> None:
    _, said = compared
    assert max(map(len, said.split("\nwritten:")[0].splitlines())) <= 80
    assert re.search(r"mi-cnn-random-k1\S*\s+random, k=1\s+\d\d\.\d\d\s", said)
    assert NOTE.split()[-1] in said
    assert re.search(r"7_mi\s+failed\s+lead ii is <b>missing</b>", said)
    assert re.search(r"8_mi\s+no result\s+limit_batches=2", said)


def test_every_run_is_in_runs_csv_and_only_results_are_in_means(compared: tuple[Path, str]) -> None:
    folder, _ = compared
    with (folder / "runs.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 9
    assert [row["state"] for row in rows][-2:] == ["failed", "no result"]
    assert rows[0]["config/transfer.trainable_layers"] == "1"
    assert float(rows[0]["test/macro_f1/low"]) == pytest.approx(float(rows[0]["test/macro_f1"]) - 0.04)
    with (folder / "summary.csv").open() as handle:
        settings = {row["setting"]: row for row in csv.DictReader(handle)}
    assert {label: row["n"] for label, row in settings.items()} == {
        "k=1": "2",
        "k=3": "2",
        "random, k=1": "1",
        "from scratch": "2",
    }
    values = [float(row["test/macro_f1"]) for row in rows[2:4]]
    assert float(settings["k=3"]["test/macro_f1/mean"]) == pytest.approx(sum(values) / 2)


def test_the_page_stands_alone_and_escapes_what_it_shows(compared: tuple[Path, str]) -> None:
    page = (compared[0] / "index.html").read_text()
    assert not OUTSIDE.search(page)
    assert "Content-Security-Policy" in page
    assert "default-src 'none'" in page
    assert page.count("<img") == 6
    assert "<b>missing" not in page
    assert "lead ii is &lt;b&gt;missing" in page


def test_the_page_says_first_what_the_split_is_worth_and_each_result_its_split(compared: tuple[Path, str]) -> None:
    page = (compared[0] / "index.html").read_text()
    assert page.index(NOTE) < page.index("<nav>") < page.index("In words")
    assert "Macro-F1 on split patients of mi is highest with" in page
    assert "SIMULATED" not in page


def test_markdown_holds_the_table_and_the_figures(compared: tuple[Path, str]) -> None:
    text = (compared[0] / "comparison.md").read_text()
    assert "| from scratch | 2 |" in text
    for name in re.findall(r"\]\((.*?\.png)\)", text):
        assert (compared[0] / name).is_file()
    assert text.count("](") == 6


def test_from_python_the_tables_are_those_of_the_files_and_nothing_is_written(compared: tuple[Path, str]) -> None:
    before = sorted(compared[0].parent.rglob("*"))
    found = ecg.compare.compare([compared[0].parent])
    assert sorted(compared[0].parent.rglob("*")) == before
    for table, name in ((found.runs, "runs.csv"), (found.settings, "summary.csv")):
        again = pd.read_csv(StringIO(table.to_csv(index=False)))
        pd.testing.assert_frame_equal(again, pd.read_csv(compared[0] / name), check_dtype=False)
    assert [line for line in found.answer if line in re.sub(r"\s+", " ", compared[1])]
    assert len(found.left_out) == 2


def test_comparing_again_finds_the_same_runs(compared: tuple[Path, str]) -> None:
    assert len(find_runs(compared[0].parent)) == 9


def test_groups_are_blocks_of_their_own_and_simulated_is_marked(tmp_path: Path) -> None:
    leak = "Beats of the same patients are in training and test."
    for seed in (0, 1):
        kinds = [{}, {"split": "beats", "notes": [leak]}, {"source": "synthetic", "simulated": True}]
        for number, kind in enumerate(kinds):
            folder = fake_run(tmp_path / f"{seed + 2 * number}", seed=seed, metrics={**kind, "subject/auroc": None})
            (folder / "predictions.csv").unlink()
            (folder / "history.csv").unlink()
    page = compare_runs([tmp_path], out=tmp_path / "out").read_text()
    assert (
        page.index("SIMULATED recordings in: mi, split patients, source synthetic.")
        < page.index(f"mi, split beats, source ptb-xl: {leak}")
        < page.index("<nav>")
    )
    assert "compare scores within a part, never across" in page
    assert "<h2>SIMULATED: mi, split patients, source synthetic</h2>" in page
    with (tmp_path / "out" / "summary.csv").open() as handle:
        assert [row["n"] for row in csv.DictReader(handle)] == ["2", "2", "2"]
    assert {path.name[:2] for path in (tmp_path / "out").glob("*.png")} == {"1_", "2_", "3_"}


def test_each_run_leads_to_its_own_page_where_that_is_at_hand(tmp_path: Path) -> None:
    for seed, name in enumerate(("a run & more", "another")):
        fake_run(tmp_path / name, seed=seed)
    page = tmp_path / "a run & more" / "report" / "index.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("<p>here</p>")
    shown = compare_runs([tmp_path], out=tmp_path / "out").read_text()
    assert '<a href="../a%20run%20%26%20more/report/index.html">a run &amp; more</a>' in shown
    assert "another/report/index.html" not in shown


def test_groups_of_one_title_keep_their_own_words_and_figures(tmp_path: Path) -> None:
    fake_run(tmp_path / "0", metrics={"test/macro_f1": 0.7})
    fake_run(tmp_path / "1", metrics={"test/macro_f1": 0.8, "simulated": True})
    page = compare_runs([tmp_path], out=tmp_path / "out").read_text()
    assert page.index("Macro-F1 on split patients of mi: 70.00 %") < page.index(
        "Macro-F1 on split patients of mi: 80.00 %"
    )
    assert {path.name[:2] for path in (tmp_path / "out").glob("*.png")} == {"1_", "2_"}


def test_runs_that_lack_one_of_two_numbers_are_left_out_of_the_figure_of_both(tmp_path: Path) -> None:
    fake_run(tmp_path / "0", seed=0, metrics={"time/fit_s": None})
    fake_run(tmp_path / "1", seed=1, metrics={"test/macro_f1": None})
    for k in (1, 2):
        fake_run(tmp_path / f"{k}_whole", k=k)
    assert "Macro-F1 by training time" in compare_runs([tmp_path]).read_text()


def test_label_efficiency_gets_its_curve(tmp_path: Path) -> None:
    for number, (share, k) in enumerate((share, k) for share in (0.1, 0.5, 1.0) for k in (2, None)):
        fake_run(tmp_path / str(number), k=k, config={"dataset.train_share": share})
    (group,) = group_runs(find_runs(tmp_path))
    shown = amount_figure(group, Measure("test/macro_f1"))
    assert shown is not None
    lines = {line.get_label(): line for line in shown.figure.axes[0].containers}
    assert set(lines) == {"k=2", "from scratch"}
    np.testing.assert_allclose(np.asarray(lines["k=2"].lines[0].get_xdata(), dtype=float), [0.1, 0.5, 1.0])


def test_runs_without_predictions_or_history_are_compared_by_their_numbers(tmp_path: Path) -> None:
    for k in (1, 2):
        folder = fake_run(tmp_path / str(k), k=k)
        (folder / "predictions.csv").unlink()
        (folder / "history.csv").write_text("")
    page = compare_runs([tmp_path]).read_text()
    assert "Confusion matrices" not in page
    assert "Learning curves" not in page
    assert "Macro-F1 by retrained layers" in page


def test_a_sweep_of_failures_only_is_told_and_no_error(tmp_path: Path) -> None:
    fake_failure(tmp_path / "0_a")
    page = compare_runs([tmp_path]).read_text()
    assert "CUDA is not here" in page
    assert "Comparison of 0 runs" in page


def test_several_folders_need_out(tmp_path: Path) -> None:
    fake_run(tmp_path / "a")
    fake_run(tmp_path / "b", seed=1)
    with pytest.raises(EcgError, match="2 folders are compared: say with --out where to write"):
        compare_runs([tmp_path / "a", tmp_path / "b"])
    assert compare_runs([tmp_path / "a", tmp_path / "b"], out=tmp_path / "c") == tmp_path / "c" / "index.html"


def test_a_summary_run_is_told_sweep_tables_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    from pytorch_lightning.loggers import WandbLogger

    from ecg.training import loggers

    told: list[tuple[loggers.RunFacts, dict[str, Any]]] = []
    logged: dict[str, Any] = {}

    class Opened(WandbLogger):
        """An open W&B run that nobody is told of."""

        def __init__(self) -> None: ...

        @property
        def experiment(self) -> Any:
            return SimpleNamespace(log=logged.update, url="https://wandb.example/run", offline=False, id="abc123")

    def start(run: loggers.RunFacts, mode: str, named: dict[str, Any]) -> WandbLogger:
        told.append((run, named))
        return Opened()

    monkeypatch.setenv("WANDB_MODE", "online")
    for name in ("WANDB_PROJECT", "WANDB_RUN_GROUP", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(loggers, "_start", start)
    monkeypatch.setattr("wandb.finish", lambda exit_code=None: None)
    monkeypatch.setattr("wandb.Image", lambda figure: figure)
    root = tmp_path / "2026-11-23_sweep"
    shared = {"logger.wandb.project": "hearts", "logger.wandb.entity": "clinic"}
    fake_run(root / "0", k=1, config=shared)
    fake_run(root / "1", k=2, config=shared)
    compare_runs([root], wandb=True)
    ((run, named),) = told
    assert (run.job_type, run.name, run.folder) == ("compare", f"compare-{root.name}", root / "compare")
    assert (named["project"], named["entity"], named["group"]) == ("hearts", "clinic", root.name)
    assert {"compare/runs", "compare/settings", "report/layers_test_macro_f1", "report/confusion"} <= set(logged)
    assert len(logged["compare/runs"].data) == 2
