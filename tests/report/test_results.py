"""Which scores a run has depends on what its split keeps apart and on whose label it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.report.results import INTERVAL_NOTE, score, write_left_out, write_results, write_split
from ecg.runs.folder import RunFolder, read_json

MI = DataInfo(
    dataset="mi",
    classes=("normal", "MI"),
    source="physionet",
    simulated=False,
    segmentation="kaggle",
    fs=120.0,
    r_peak_s=0.0,
    shapes={"signal": (1, 4)},
    leads=("II",),
    wanted=("II",),
    databases=("ptbdb",),
    split="patients",
    by_patient=True,
    notes=(),
    fingerprint="0" * 64,
    counts={},
    facts={"r_peaks": "sleepecg 0.6.0", "beats_left_out": {"flat": 2}},
    patient_label=True,
)


def beats_of(n: int, seed: int = 0) -> tuple[Beats, np.ndarray]:
    """Four beats of each of `n` patients, every second one with the second class, and noisy probabilities."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n) % 2, 4).astype(np.int64)
    patient = np.repeat([f"p{i:02d}" for i in range(n)], 4)
    times = np.arange(4 * n, dtype=np.int64) * 1000
    unknown = np.full(4 * n, np.nan, dtype=np.float32)
    beats = Beats(
        inputs={"signal": rng.random((4 * n, 1, 4), dtype=np.float32)},
        y=y,
        record=np.char.add("r", patient),
        patient=patient,
        database=np.full(4 * n, "ptbdb"),
        lead=np.full(4 * n, "II"),
        sample=times,
        seconds=times / 1000,
        symbol=np.full(4 * n, ""),
        rr_before=unknown,
        rr_after=unknown,
    )
    p = np.clip(0.4 + 0.2 * y + np.repeat(rng.normal(0, 0.2, n), 4) + rng.normal(0, 0.2, 4 * n), 0, 1)
    return beats, np.stack([1 - p, p], axis=1).astype(np.float32)


@pytest.mark.parametrize("split", ["patients", "folds"])
def test_where_patients_are_kept_apart_there_are_scores_and_intervals_by_patient(split: str) -> None:
    beats, probabilities = beats_of(20)
    results = score(replace(MI, split=split), beats, probabilities, replicates=200, seed=0)
    assert results.subjects is not None
    assert len(results.subjects) == 20
    assert results.records is not None
    assert {"subject/accuracy", "subject/auroc", "records/accuracy"} <= set(results.metrics)
    assert {"test/auroc", "subject/auroc", "subject/accuracy", "test/accuracy"} <= set(results.intervals)
    assert INTERVAL_NOTE[True] in results.table_context.footnote
    assert not any(key.startswith(("ec57", "without_232")) for key in results.metrics)


def test_where_patients_are_in_several_subsets_there_are_none() -> None:
    beats, probabilities = beats_of(20)
    results = score(replace(MI, split="beats", by_patient=False), beats, probabilities, replicates=200, seed=0)
    assert results.subjects is None
    assert results.records is None
    assert not any(key.startswith("subject") for key in (*results.metrics, *results.intervals))
    assert INTERVAL_NOTE[False] in results.table_context.footnote


def test_where_the_label_is_the_beats_own_there_are_none_by_patient() -> None:
    beats, probabilities = beats_of(20)
    results = score(replace(MI, patient_label=False), beats, probabilities, replicates=0, seed=0)
    assert results.subjects is None
    assert results.records is not None
    assert results.intervals == {}


def test_baselines_have_the_same_scores_under_their_own_keys() -> None:
    beats, probabilities = beats_of(20)
    given = {"majority": np.tile([0.6, 0.4], (80, 1)), "nearest": probabilities.astype(np.float64)}
    found = score(MI, beats, probabilities, replicates=0, seed=0, baselines=given).metrics
    assert found["baseline/majority/test/accuracy"] == 0.5
    assert found["baseline/majority/subject/auroc"] == 0.5
    for key in ("test/accuracy", "test/macro_f1", "test/balanced_accuracy", "test/auroc", "subject/auroc"):
        assert found[f"baseline/nearest/{key}"] == pytest.approx(found[key], abs=1e-6)


def test_results_are_written_with_subjects_and_facts(tmp_path: Path) -> None:
    beats, probabilities = beats_of(6)
    results = score(MI, beats, probabilities, replicates=50, seed=0)
    write_results(results, RunFolder(tmp_path), {"seed": 0})
    subjects = pd.read_csv(tmp_path / "subjects.csv")
    assert subjects["patient"].tolist() == [f"p{i:02d}" for i in range(6)]
    assert subjects["beats"].tolist() == [4] * 6
    stored = read_json(tmp_path / "metrics.json")
    assert stored["facts"] == MI.facts
    right = (subjects["label"] == subjects["predicted"]).mean()
    assert stored["subject/accuracy"] == pytest.approx(right)


def test_the_split_says_of_each_beat_of_a_record_where_it_is(tmp_path: Path) -> None:
    beats, _ = beats_of(3)
    order = np.array([0, 1, 4, 5, 2, 3, 8, 6, 7, 9, 10, 11])  # the records are in two pieces each
    beats = beats.take(order)
    train, val, test = np.array([0, 1, 2, 3]), np.array([4, 5]), np.array([6, 7, 8])
    write_split(MI, Split("mine", train, val, test), beats, RunFolder(tmp_path))
    letters = np.array(list("TTTTVVEEE---"))
    wanted = {str(name): "".join(letters[beats.record == name]) for name in np.unique(beats.record)}
    assert read_json(tmp_path / "split.json")["beats"] == wanted
    assert "".join(sorted("".join(wanted.values()))) == "---EEETTTTVV"


def test_records_that_were_left_out_are_listed_where_there_are_any(tmp_path: Path) -> None:
    write_left_out({}, RunFolder(tmp_path))
    assert not list(tmp_path.iterdir())
    write_left_out({"s0010": "lead II is flat", "a,b": "no lead V9"}, RunFolder(tmp_path))
    listed = pd.read_csv(tmp_path / "left_out.csv")
    assert listed.to_dict("list") == {"record": ["s0010", "a,b"], "why": ["lead II is flat", "no lead V9"]}
