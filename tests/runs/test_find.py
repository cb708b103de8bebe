"""Finding run folders, and what state each is in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import ecg
from ecg.errors import EcgError
from ecg.runs.find import find_runs, run_folders
from ecg.runs.folder import RunFolder
from ecg.runs.run import Run, load_run

New = Callable[..., RunFolder]


def change(folder: RunFolder, **values: object) -> RunFolder:
    """Put values over those in metrics.json."""
    content = json.loads(folder.metrics.read_text())
    folder.metrics.write_text(json.dumps(content | values))
    return folder


@pytest.fixture
def sweep(tmp_path: Path, new_run: New) -> Path:
    """Jobs with one and two digits, in a folder of their own."""
    root = tmp_path / "2026-11-23_05-00-00-000000"
    for number in (10, 2, 1, 0):
        new_run(root / f"{number}_arrhythmia", seed=number)
    return root


def test_runs_are_found_at_any_depth_once_and_in_the_order_of_their_numbers(sweep: Path, new_run: New) -> None:
    new_run(sweep / "3_nested" / "deeper" / "a", seed=7)
    found = [run.folder.relative_to(sweep).parts[0] for run in find_runs(sweep, sweep / "0_arrhythmia", sweep.parent)]
    assert found == ["0_arrhythmia", "1_arrhythmia", "2_arrhythmia", "3_nested", "10_arrhythmia"]


def test_folders_are_given_one_by_one_or_as_lists_or_as_text(sweep: Path) -> None:
    first, second = sweep / "0_arrhythmia", sweep / "10_arrhythmia"
    for given in ([first, second], [[first, second]], [[str(first)], str(second)], [(one for one in (first, second))]):
        assert [run.folder for run in find_runs(*given)] == [first, second]
    assert [run.folder for run in find_runs(second, first)] == [second, first]  # as they were given


def test_a_link_to_a_run_is_the_same_run(sweep: Path) -> None:
    (sweep.parent / "best").symlink_to(sweep / "1_arrhythmia")
    assert len(find_runs(sweep, sweep.parent / "best")) == 4


def test_files_of_hydra_and_wandb_inside_a_run_are_no_runs(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "sweep" / "0_a")
    for part in (".hydra", "wandb/offline-run-1/files", "evaluations/x", "probe", "compare"):
        (folder.path / part).mkdir(parents=True)
        (folder.path / part / "config.yaml").write_text(folder.config.read_text())
    assert run_folders(tmp_path) == [folder.path]


def test_a_comparison_beside_runs_is_no_run(tmp_path: Path, new_run: New) -> None:
    new_run(tmp_path / "0_a")
    new_run(tmp_path / "compare" / "kept")
    new_run(tmp_path / ".trash" / "old")
    assert run_folders(tmp_path) == [tmp_path / "0_a"]


@pytest.mark.parametrize(
    "content",
    ["defaults:\n  - dataset: mi\nseed: 0\n", "seed: 0\n", "- 1\n", "", "dataset: mi\n"],
)
def test_a_config_that_no_run_wrote_is_no_run(tmp_path: Path, content: str) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(content)
    with pytest.raises(EcgError, match="holds no run"):
        find_runs(tmp_path)
    with pytest.raises(EcgError, match="conf is no run folder"):
        load_run(tmp_path / "conf")


def test_a_missing_folder_an_empty_one_and_a_file_are_clear_errors(tmp_path: Path, new_run: New) -> None:
    with pytest.raises(EcgError, match="nowhere: no such folder"):
        find_runs(tmp_path / "nowhere")
    with pytest.raises(EcgError, match=r"holds no run: a run folder has"):
        find_runs(tmp_path)
    run = new_run(tmp_path / "a")
    with pytest.raises(EcgError, match=r"metrics\.json: no such folder"):
        find_runs(run.metrics)
    with pytest.raises(EcgError, match=r"metrics\.json is no run folder"):
        load_run(run.metrics)


def test_states_and_reasons(tmp_path: Path, new_run: New) -> None:
    failed = new_run(tmp_path / "1", finished=False)
    failed.error.write_text("out of memory\ntransfer.trainable_layers=5 seed=1\n")
    begun = new_run(tmp_path / "4", finished=False)
    begun.history.unlink()
    made = {
        "finished": new_run(tmp_path / "0").path,
        "failed": failed.path,
        "unfinished": new_run(tmp_path / "2", finished=False).path,
        "no result": change(new_run(tmp_path / "3"), limit_batches=2).path,
    }
    runs = {run.folder: run for run in find_runs(tmp_path)}
    assert {state: runs[folder].state for state, folder in made.items()} == {state: state for state in made}
    assert [runs[folder].counts for folder in made.values()] == [True, False, False, False]
    reasons = {state: runs[folder].reason for state, folder in made.items()}
    assert reasons["failed"] == "out of memory"
    assert reasons["unfinished"] == "2 whole epochs, no results"
    assert reasons["no result"] == "limit_batches=2: only a try"
    assert reasons["finished"] == ""
    assert (runs[begun.path].state, runs[begun.path].reason) == ("unfinished", "no whole epoch")


def test_what_was_typed_stands_in_provenance_or_behind_a_failures_reason(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0", finished=False)
    assert load_run(folder.path).overrides == ("dataset.source=synthetic", "model=kachuee", "seed=0")
    folder.provenance.unlink()
    folder.error.write_text("no room\ndataset=mi seed=1\n")
    assert load_run(folder.path).overrides == ("dataset=mi", "seed=1")


def test_a_job_that_failed_before_its_first_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "4_x").mkdir()
    (tmp_path / "4_x" / "error.txt").write_text("k=9 of 8\ntransfer.trainable_layers=9\n")
    (run,) = find_runs(tmp_path)
    assert (run.state, run.reason, run.overrides) == ("failed", "k=9 of 8", ("transfer.trainable_layers=9",))


def test_results_with_an_error_after_them_count_and_say_so(tmp_path: Path, new_run: New) -> None:
    new_run(tmp_path / "0").error.write_text("upload failed\n")
    (run,) = find_runs(tmp_path)
    assert run.counts
    assert run.reason == "its results are whole, but then: upload failed"


def test_a_run_is_called_as_it_says_or_as_its_folder_without_time_and_number(tmp_path: Path, new_run: New) -> None:
    assert load_run(new_run(tmp_path / "0_x").path).name == "arrhythmia-kachuee-seed0"
    for name in ("2026-11-23_05-13-40-279063_mi-cnn-k3-seed0", "12_mi-cnn-k3-seed0", "mi-cnn-k3-seed0"):
        assert load_run(new_run(tmp_path / name, finished=False).path).name == "mi-cnn-k3-seed0"


def test_layers_control_and_replicate_come_from_results_or_else_from_settings(tmp_path: Path, new_run: New) -> None:
    typed = ("transfer.trainable_layers=3", "transfer.source=random")
    control = load_run(new_run(tmp_path / "0", seed=4, finished=False, overrides=typed).path)
    assert (control.k, control.random, control.replicate) == (3, True, (4, 0, 0))
    facts = {"transfer/trainable_layers": 2, "transfer/features": "source", "seed": 9}
    transferred = load_run(change(new_run(tmp_path / "1", overrides=typed), **facts).path)
    assert (transferred.k, transferred.random, transferred.replicate) == (2, False, (9, 0, 0))
    folds = ("dataset=mi", "dataset.source=synthetic", "dataset.split=folds", "dataset.folds.index=3")
    assert load_run(new_run(tmp_path / "2", seed=1, overrides=folds).path).replicate == (1, 3, 0)


def test_numbers_and_words_are_asked_by_name(tmp_path: Path, new_run: New) -> None:
    run: Run = load_run(new_run(tmp_path / "0").path)
    assert (run.value("test/macro_f1"), run.value("test/auroc"), run.value("test/nothing")) == (0.5, None, None)
    assert run.intervals == {"test/macro_f1": (0.4, 0.6)}
    assert (run.said("dataset"), run.said("source"), run.said("split")) == ("arrhythmia", "synthetic", "patients")
    begun: Run = load_run(new_run(tmp_path / "1", finished=False).path)
    assert (begun.said("dataset"), begun.said("source"), begun.said("nothing")) == ("arrhythmia", "synthetic", "?")


def test_finding_runs_is_part_of_the_public_api_and_loads_no_torch(
    tmp_path: Path, new_run: New, python: Callable[[str], str]
) -> None:
    new_run(tmp_path / "0")
    assert ecg.find_runs is find_runs
    code = (
        "import sys, ecg\n"
        f"(run,) = ecg.find_runs({str(tmp_path)!r})\n"
        "print(run.name, run.value('test/macro_f1'), {'torch', 'pandas', 'wandb', 'matplotlib'} & set(sys.modules))"
    )
    assert python(code) == "arrhythmia-kachuee-seed0 0.5 set()"
