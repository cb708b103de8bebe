"""What may stand in one mean, and what may not."""

from __future__ import annotations

from pathlib import Path

from ecg.compare import find_runs
from ecg.compare.series import panels
from ecg.compare.settings import group_runs, short_key

from .conftest import fake_run


def test_runs_that_differ_in_seed_or_fold_only_are_one_setting(tmp_path: Path) -> None:
    for number, (seed, index, repeat) in enumerate([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]):
        fold = {"dataset.folds.index": index, "dataset.folds.repeat": repeat}
        fake_run(tmp_path / str(number), seed=seed, config={**fold, "logger.wandb.tags": [str(number)]})
    (group,) = group_runs(find_runs(tmp_path))
    (setting,) = group.settings
    assert len(setting.runs) == 4
    assert group.differs == ()


def test_whatever_else_differs_makes_another_setting_and_is_named(tmp_path: Path) -> None:
    fake_run(tmp_path / "0")
    fake_run(tmp_path / "1", config={"optimizer.lr": 0.1})
    fake_run(tmp_path / "2", config={"transfer.init": "fresh"})
    (group,) = group_runs(find_runs(tmp_path))
    assert {setting.label for setting in group.settings} == {
        "k=3, init=source, lr=0.002",
        "k=3, init=source, lr=0.1",
        "k=3, init=fresh, lr=0.002",
    }


def test_a_key_that_only_some_runs_recorded_never_joins_them(tmp_path: Path) -> None:
    fake_run(tmp_path / "0", seed=0)
    fake_run(tmp_path / "1", seed=1, config={"dataset.beats_per_patient": 50})
    (group,) = group_runs(find_runs(tmp_path))
    assert len(group.settings) == 2


def test_runs_of_other_splits_datasets_sources_or_recordings_are_other_groups(tmp_path: Path) -> None:
    fake_run(tmp_path / "0")
    fake_run(tmp_path / "1", metrics={"split": "beats"})
    fake_run(tmp_path / "2", metrics={"dataset": "arrhythmia"})
    fake_run(tmp_path / "3", metrics={"source": "ptbdb"})
    fake_run(tmp_path / "4", fingerprint="0" * 64)
    groups = group_runs(find_runs(tmp_path))
    assert [len(group.runs) for group in groups] == [1] * 5
    assert len({group.title for group in groups}) == 5


def test_runs_without_results_are_in_no_group(sweep: Path) -> None:
    fake_run(sweep / "30_try", metrics={"limit_batches": 1})
    (group,) = group_runs(find_runs(sweep))
    assert all(run.counts for run in group.runs)
    assert len(group.runs) == 2 * (3 + 3 + 1)


def test_a_run_repeated_with_the_same_seed_counts_once_the_newer_one(tmp_path: Path) -> None:
    fake_run(tmp_path / "a", started="2026-11-23T09:00:00+00:00")
    fake_run(tmp_path / "b", started="2026-11-23T05:00:00+00:00")
    (group,) = group_runs(find_runs(tmp_path))
    assert [run.folder.name for run in group.runs] == ["a"]
    assert [run.folder.name for run in group.repeated] == ["b"]


def test_controls_have_their_roles_and_come_after_the_transfers(sweep: Path) -> None:
    (group,) = group_runs(find_runs(sweep))
    assert [(s.role, s.k) for s in group.settings] == [
        *[("transfer", k) for k in (1, 2, 8)],
        *[("random", k) for k in (1, 2, 8)],
        ("scratch", None),
    ]
    assert [s.label for s in group.settings][-2:] == ["random, k=8", "from scratch"]


def test_transfer_settings_do_not_tell_trainings_from_scratch_apart(tmp_path: Path) -> None:
    fake_run(tmp_path / "0", k=None, seed=0)
    fake_run(tmp_path / "1", k=None, seed=1, config={"transfer.init": "fresh"})
    fake_run(tmp_path / "2", k=2)
    (group,) = group_runs(find_runs(tmp_path))
    assert [(s.label, len(s.runs)) for s in group.settings] == [("k=2", 1), ("from scratch", 2)]


def test_each_share_of_patients_gets_its_own_panel_with_its_own_scratch(tmp_path: Path) -> None:
    for number, (share, k) in enumerate((share, k) for share in (0.1, 1.0) for k in (1, 4, None)):
        fake_run(tmp_path / str(number), k=k, config={"dataset.train_share": share})
    (group,) = group_runs(find_runs(tmp_path))
    found = {panel.title: [(line.role, len(line.settings)) for line in panel.lines] for panel in panels(group)}
    assert found == {f"train_share={share}": [("transfer", 2), ("scratch", 1)] for share in ("0.1", "1.0")}


def test_a_scratch_trained_for_longer_stands_beside_the_transfers(tmp_path: Path) -> None:
    fake_run(tmp_path / "0", k=1)
    fake_run(tmp_path / "1", k=2)
    fake_run(tmp_path / "2", k=None, config={"trainer.max_epochs": 50})
    (panel,) = panels(group_runs(find_runs(tmp_path))[0])
    assert [line.role for line in panel.lines] == ["transfer", "scratch"]


def test_keys_are_short_but_still_say_what_they_are() -> None:
    keys = ("dataset.train_share", "loss.name", "augment.when", "model.name")
    assert [short_key(key) for key in keys] == ["train_share", "loss", "augment.when", "model"]


def test_runs_of_other_databases_are_other_groups_and_say_which(tmp_path: Path) -> None:
    for number, names in enumerate((["mitdb"], ["svdb"], ["mitdb", "svdb"])):
        said = {"dataset": "arrhythmia", "source": "physionet", "databases": names}
        fake_run(tmp_path / str(number), metrics=said)
    titles = {group.title for group in group_runs(find_runs(tmp_path))}
    start = "arrhythmia, split patients, source physionet"
    assert titles == {f"{start} (mitdb)", f"{start} (svdb)", f"{start} (mitdb and svdb)"}


def test_damaged_databases_leave_the_source_as_it_is(tmp_path: Path) -> None:
    for number, damaged in enumerate((5, "svdb", [], None)):
        fake_run(tmp_path / str(number), seed=number, metrics={"databases": damaged})
    (group,) = group_runs(find_runs(tmp_path))
    assert "(" not in group.title
