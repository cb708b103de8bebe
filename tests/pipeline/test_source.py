"""The source of a transfer is found by its settings: never the newest, and trained where it is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecg.config import RunConfig
from ecg.config.build import build
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.pipeline.source import resolve_source, source_config
from ecg.runs.job import Job
from ecg.runs.reading import save_config
from ecg.transfer import Transfer

MI = ("dataset=mi", "transfer.trainable_layers=3")
PAPER, WINDOW = "dataset.segmentation={name:paper,threshold:0.8}", "dataset.segmentation=window"


def wanted(*overrides: str) -> RunConfig:
    config = compose(*overrides)
    return source_config(config, build(config.transfer, "transfer"))


@pytest.mark.parametrize(
    ("transfer", "source"),
    [
        (MI, ()),
        (
            (
                *MI,
                "dataset.databases=[ptb-xl]",
                "dataset.leads=[I]",
                "trainer.max_epochs=3",
                "loss=weighted",
                "augment=none",
                "seed=7",
            ),
            (),
        ),
        ((*MI, "model=kachuee", "trainer=cpu"), ("model=kachuee", "trainer=cpu")),
        ((*MI, "dataset.segmentation=paper"), ("dataset.segmentation=paper",)),
        ((*MI, PAPER), (PAPER,)),
        ((*MI, "model=sequence", WINDOW), ("model=sequence", WINDOW)),
        ((*MI, "trainer=debug"), ("trainer=debug",)),  # a try trains no whole source
        ((*MI, "model.dropout=0.1", "transfer.source_epochs=4"), ("model.dropout=0.1", "trainer.max_epochs=4")),
    ],
)
def test_the_source_is_the_run_that_the_arrhythmia_command_makes(
    transfer: tuple[str, ...], source: tuple[str, ...]
) -> None:
    ours, theirs = wanted(*transfer).as_dict(), compose(*source).as_dict()
    for part in ("dataset", "model", "loss", "optimizer", "scheduler", "augment", "trainer", "callbacks", "seed"):
        assert ours[part] == theirs[part], part


def a_finished_run(folder: Path, config: RunConfig) -> Path:
    save_config(config, folder / "config.yaml")
    (folder / "metrics.json").write_text(json.dumps({"test/macro_f1": 0.5}))
    (folder / "weights.safetensors").write_bytes(b"weights")
    return folder / "weights.safetensors"


def resolved(outputs: Path, *overrides: str) -> tuple[Path | None, list[Path]]:
    """The source, and the folders in which it was trained for that."""
    config = compose(*MI, f"output_dir={outputs}", *overrides)
    transfer: Transfer = build(config.transfer, "transfer")
    trained: list[Path] = []

    def train(found: RunConfig, job: Job) -> float:
        trained.append(job.folder)
        a_finished_run(job.folder, found)
        return 0.0

    return resolve_source(config, transfer, Job(outputs / "run"), train), trained


def test_the_run_with_these_settings_is_taken_and_not_a_newer_one(tmp_path: Path) -> None:
    there = a_finished_run(tmp_path / "2026-01-01_arrhythmia", compose())
    a_finished_run(tmp_path / "2026-12-31_arrhythmia", compose("trainer.max_epochs=1"))
    a_finished_run(tmp_path / "multirun" / "x" / "0_arrhythmia", compose("model.dropout=0.5"))
    assert resolved(tmp_path) == (there, [])
    assert resolved(tmp_path, "seed=5") == (there, [])  # the source has a seed of its own


def test_a_run_that_is_not_finished_is_no_source_and_one_is_trained_once(tmp_path: Path) -> None:
    unfinished = a_finished_run(tmp_path / "2026-01-01_arrhythmia", compose())
    (unfinished.parent / "metrics.json").unlink()
    source, trained = resolved(tmp_path)
    assert source is not None
    assert trained == [source.parent]
    assert source.parent.parent == tmp_path / "sources"
    assert resolved(tmp_path) == (source, [])


def test_other_settings_have_another_source(tmp_path: Path) -> None:
    first, _ = resolved(tmp_path)
    for other in ("model.dropout=0.5", PAPER, "dataset.segmentation={name:paper,threshold:0.7}"):
        second, trained = resolved(tmp_path, other)
        assert first != second
        assert len(trained) == 1
        assert resolved(tmp_path, other) == (second, [])


def test_a_source_of_fewer_leads_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    a_finished_run(tmp_path / "2026-01-01_arrhythmia", compose())
    with pytest.raises(EcgError) as told:
        resolved(tmp_path, "dataset.leads=[I,II]")
    assert str(told.value) == (
        "dataset.leads=[I, II]: the arrhythmia run that would be the source has beats of 1 lead, these have 2; "
        "choose one lead, or name a run by transfer.source="
    )
    assert not (tmp_path / "sources").exists()


def test_the_control_and_training_from_scratch_have_none(tmp_path: Path) -> None:
    assert resolved(tmp_path, "transfer=random", "transfer.trainable_layers=2") == (None, [])
    assert resolved(tmp_path, "transfer.trainable_layers=null") == (None, [])
