"""Arrhythmia data with a mixture: copies, second leads and recordings of one rhythm train, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import wfdb

from ecg.data import ArrhythmiaDataModule, Folds
from ecg.data.batches import DrawnSequences
from ecg.data.mixture import COPIES, NOT_NORMAL, RHYTHMS, SECOND, Mixture
from ecg.errors import EcgError
from ecg.recordings.copies import FEWEST
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.cinc2017 import LABELS
from ecg.recordings.synthetic import write_arrhythmia
from ecg.recordings.wfdb_files import read_record

MINE = BeatDatabase(name="mine", title="Made for this test", test=("sim004", "sim005"))
MIXTURE = Mixture(copies=0.3, copies_per_record=2, cinc2017=0.2, second_lead=0.25, rare=0.5, windows=2000)
SECONDS = f"{SECOND}mine"


def write_rhythms(source: Path, folder: Path) -> None:
    """The second lead of three recordings as those of the Challenge, with fibrillation, normal rhythm and another."""
    folder.mkdir()
    for name, number in (("A00001", 0), ("A00002", 1), ("A00003", 2)):
        signal = read_record(source / f"sim{number:03}").digital[1:2].T.astype(np.int64)
        options = {"fmt": ["16"], "adc_gain": [200.0], "baseline": [0], "write_dir": str(folder)}
        wfdb.wrsamp(name, fs=360, units=["mV"], sig_name=["ECG"], d_signal=signal, **options)
    (folder / LABELS).write_text("A00001,A\nA00002,N\nA00003,O\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six patients of a minute in two leads, and three recordings of one rhythm."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "mine").mkdir()
    write_arrhythmia(folder / "mine", patients=6, minutes=1, seed=3)
    write_rhythms(folder / "mine", folder / RHYTHMS)
    return folder


def module(folder: Path, mixture: Mixture = MIXTURE, **more: Any) -> ArrhythmiaDataModule:
    usual = {"databases": (MINE,), "data_dir": folder, "cache_dir": folder / "cache", "batch_size": 64, "seed": 1}
    made = ArrhythmiaDataModule("physionet", "context", mixture=mixture, **{"split": "patients", **usual, **more})
    made.setup()
    return made


@pytest.fixture(scope="module")
def mixed(folder: Path) -> ArrhythmiaDataModule:
    return module(folder)


@pytest.fixture(scope="module")
def plain(folder: Path) -> ArrhythmiaDataModule:
    return module(folder, Mixture())


def served(data: ArrhythmiaDataModule) -> ArrhythmiaDataModule:
    data.serve(SimpleNamespace(inputs=data.shapes, beats=8, context=2))
    return data


def test_added_beats_train_and_are_in_no_other_subset(mixed: ArrhythmiaDataModule, plain: ArrhythmiaDataModule) -> None:
    for subset in ("val", "test"):
        np.testing.assert_array_equal(mixed.split.subsets[subset], plain.split.subsets[subset])
        assert set(mixed.beats.database[mixed.split.subsets[subset]].tolist()) == {"mine"}
    trains = mixed.beats.database[mixed.split.train]
    assert set(trains.tolist()) == {"mine", COPIES, SECONDS, RHYTHMS}
    assert (trains == "mine").sum() == len(plain.split.train)


def test_their_patients_are_those_who_train_and_strangers(mixed: ArrhythmiaDataModule) -> None:
    people = {subset: set(mixed.beats.patient[index].tolist()) for subset, index in mixed.split.subsets.items()}
    added = mixed.beats.take(mixed.beats.database != "mine")
    assert set(added.patient.tolist()) & (people["val"] | people["test"]) == set()
    known = {one for one in added.patient.tolist() if not one.startswith(RHYTHMS)}
    own = mixed.beats.patient[mixed.split.train][mixed.beats.database[mixed.split.train] == "mine"]
    assert known == set(own.tolist())
    assert {one for one in added.patient.tolist() if one.startswith(RHYTHMS)} == {
        f"{RHYTHMS} A00001",
        f"{RHYTHMS} A00002",
    }


def test_divided_gives_back_what_there_was_without(mixed: ArrhythmiaDataModule, plain: ArrhythmiaDataModule) -> None:
    split, beats = mixed.divided
    for subset, index in plain.split.subsets.items():
        np.testing.assert_array_equal(split.subsets[subset], index)
    for name, column in plain.beats.columns.items():
        np.testing.assert_array_equal(beats.columns[name], column)
    for name, values in plain.beats.inputs.items():
        np.testing.assert_array_equal(beats.inputs[name], values)
    assert plain.divided[1] is plain.beats


def test_the_description_counts_the_databases_and_says_what_was_added(
    mixed: ArrhythmiaDataModule, plain: ArrhythmiaDataModule
) -> None:
    assert mixed.info.counts == plain.info.counts
    assert mixed.info.fingerprint == plain.info.fingerprint
    facts = dict(mixed.info.facts)
    added = facts.pop("beats_added_to_training")
    assert facts == plain.info.facts
    assert added == {
        name: int((mixed.beats.database == name).sum()) for name in (COPIES, SECONDS, RHYTHMS)
    }  # fmt: skip


def test_each_record_has_its_copies_and_its_second_lead(mixed: ArrhythmiaDataModule) -> None:
    own = np.unique(mixed.divided[1].record[mixed.divided[0].train]).tolist()
    named = {kind: set(mixed.beats.record[mixed.beats.database == kind].tolist()) for kind in (COPIES, SECONDS)}
    assert named[COPIES] == {f"{one} copy {i}" for one in own for i in (1, 2)}
    assert named[SECONDS] == {f"{one} lead 2" for one in own}
    second = mixed.beats.take(mixed.beats.database == SECONDS)
    assert set(second.lead.tolist()) == {"V5"}
    for one in own:
        first = mixed.beats.take((mixed.beats.database == "mine") & (mixed.beats.record == one))
        other = second.take(second.record == f"{one} lead 2")
        np.testing.assert_array_equal(other.y, first.y)
        np.testing.assert_array_equal(other.sample, first.sample)
        assert not np.allclose(other.signal, first.signal, atol=0.05)


def test_recordings_of_one_rhythm_hold_normal_beats_and_such_as_do_not_count(mixed: ArrhythmiaDataModule) -> None:
    rhythms = mixed.beats.database == RHYTHMS
    assert set(mixed.beats.y[rhythms].tolist()) <= {0, NOT_NORMAL}
    assert (mixed.beats.y[mixed.split.train] >= 0).all()
    counted = np.isin(np.arange(len(mixed.beats)), mixed.split.train)
    np.testing.assert_array_equal(counted[rhythms], mixed.beats.y[rhythms] >= 0)


def test_training_windows_are_drawn_with_the_shares(mixed: ArrhythmiaDataModule) -> None:
    loader = served(mixed).train_dataloader()
    assert isinstance(loader.sampler, DrawnSequences)
    loader.sampler.set_epoch(0)
    rows = np.concatenate([batch[0].numpy() for batch in loader.sampler])
    assert len(rows) == 2000
    names = mixed.beats.database[rows[:, 0]]
    expected = {COPIES: 0.3, RHYTHMS: 0.2, SECONDS: 0.125, "mine": 0.375}
    assert {name: (names == name).mean() for name in expected} == pytest.approx(expected, abs=0.04)


def test_a_share_of_windows_is_placed_on_training_beats_that_are_rare(
    mixed: ArrhythmiaDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = np.isin(np.arange(len(mixed.beats)), mixed.split.train)
    rare = np.flatnonzero(np.isin(mixed.beats.y, (1, 2, 3)) & counted)
    held = {}
    for share in (0.0, 0.9):
        monkeypatch.setattr(mixed, "mixture", replace(MIXTURE, rare=share))
        rows = np.concatenate([batch[0].numpy() for batch in served(mixed).train_dataloader().sampler])
        own = rows[mixed.beats.database[rows[:, 0]] == "mine"]
        held[share] = np.isin(own, rare).any(axis=1).mean()
    assert held[0.9] == pytest.approx(held[0.0] + 0.9 * (1 - held[0.0]), abs=0.05)
    assert held[0.0] < 0.85


def test_batches_hold_the_beats_of_their_windows(mixed: ArrhythmiaDataModule) -> None:
    loader = served(mixed).train_dataloader()
    for (rows, counted), (given, y) in zip(list(loader.sampler)[:3], loader, strict=False):
        there = rows.numpy() >= 0
        assert given["mask"].numpy().tolist() == there.tolist()
        np.testing.assert_array_equal(given["signal"].numpy()[there], mixed.beats.signal[rows.numpy()[there]])
        trained = np.isin(rows.numpy(), mixed.split.train) & (counted.numpy() == 1)
        np.testing.assert_array_equal(y.numpy(), np.where(trained, mixed.beats.y[rows.numpy()], -1))
        assert given["signal"].shape == (8, 8, 1, 176)


@pytest.mark.parametrize("subset", ["val", "test"])
def test_what_is_evaluated_is_as_without(mixed: ArrhythmiaDataModule, plain: ArrhythmiaDataModule, subset: str) -> None:
    for (one, y), (other, its) in zip(served(mixed).batches(subset), served(plain).batches(subset), strict=True):
        np.testing.assert_array_equal(y.numpy(), its.numpy())
        for name, values in one.items():
            np.testing.assert_array_equal(values.numpy(), other[name].numpy())


def test_without_a_mixture_every_beat_comes_once(plain: ArrhythmiaDataModule) -> None:
    assert not isinstance(served(plain).train_dataloader().sampler, DrawnSequences)


def test_patients_of_a_fold_and_of_the_standard_test_are_not_copied(folder: Path) -> None:
    data = module(folder, Mixture(copies=0.5), split="folds", folds=Folds(count=4, index=1), val_fraction=0)
    copied = set(data.beats.patient[data.beats.database == COPIES].tolist())
    tested = set(data.beats.patient[data.split.test].tolist())
    assert len(tested) == 1
    assert copied == {"sim000", "sim001", "sim002", "sim003"} - tested


def test_a_test_record_of_someone_who_trains_is_not_copied(folder: Path) -> None:
    """As record 202 of MIT-BIH, whose patient trains with record 201."""
    same = replace(MINE, patient=lambda record: "sim003" if record == "sim004" else record)
    data = module(folder, Mixture(copies=0.5), databases=(same,), val_fraction=0)
    assert "sim003" in data.beats.patient[data.split.train]
    copied = set(data.beats.record[data.beats.database == COPIES].tolist())
    assert copied == {f"sim{i:03} copy 1" for i in range(4)}


def test_the_next_run_takes_them_from_the_cache(
    folder: Path, mixed: ArrhythmiaDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecg.data.mixture.synthetic_copy", None)
    monkeypatch.setattr("ecg.data.mixture.find_beats", None)
    again = module(folder)
    np.testing.assert_array_equal(again.beats.signal, mixed.beats.signal)


def test_missing_recordings_of_one_rhythm_are_downloaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("ecg.recordings.download.download", lambda database, to: asked.append((database.name, to)))
    (tmp_path / "mine").symlink_to(folder / "mine")
    with pytest.raises(EcgError, match=r"cinc2017 does not exist.*dataset\.mixture\.cinc2017=0"):
        module(tmp_path, Mixture(cinc2017=0.1), cache_dir=tmp_path / "cache")
    assert asked == [("cinc2017", tmp_path / "cinc2017")]


def test_beats_without_recordings_cannot_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"^mixture: dataset\.source=kaggle has beats without recordings"):
        ArrhythmiaDataModule("kaggle", mixture=Mixture(copies=0.1), data_dir=tmp_path, cache_dir=tmp_path)


def write_short(folder: Path, *, beats: int, others: int, leads: int = 1) -> None:
    """Three records, of so many beats and marks that are none, one of which tests."""
    folder.mkdir()
    for name in ("one", "other", "tested"):
        sample = 200 + 250 * np.arange(beats)
        signal = np.random.default_rng(len(name)).normal(0, 10, (sample[-1] + 500, leads)).astype(np.int64)
        signal[sample] += 300
        options = {"fmt": ["16"] * leads, "adc_gain": [200.0] * leads, "baseline": [0] * leads}
        names = ["MLII", "V5"][:leads]
        wfdb.wrsamp(
            name, fs=360, units=["mV"] * leads, sig_name=names, d_signal=signal, write_dir=str(folder), **options
        )
        marks = np.concatenate([sample, 210 + np.arange(others)])
        symbols = np.array(["N"] * beats + ["+"] * others)
        order = np.argsort(marks, kind="stable")
        wfdb.wrann(name, "atr", marks[order], symbols[order].tolist(), write_dir=str(folder))


SHORT = BeatDatabase(name="short", title="Made for this test", test=("tested",))


def test_a_record_that_is_too_short_for_a_copy_has_none(tmp_path: Path) -> None:
    """Marks that are no beats do not make it longer."""
    write_short(tmp_path / "short", beats=FEWEST - 1, others=5, leads=2)
    data = module(tmp_path, Mixture(copies=0.5, second_lead=0.1), databases=(SHORT,), val_fraction=0)
    assert set(data.beats.database.tolist()) == {"short", f"{SECOND}short"}


@pytest.mark.parametrize("mixture", [Mixture(second_lead=0.2), Mixture(copies=0.2)])
def test_a_database_that_has_nothing_to_add_adds_nothing(tmp_path: Path, mixture: Mixture) -> None:
    """Records of one lead, too short for copies."""
    write_short(tmp_path / "short", beats=FEWEST - 10, others=0)
    data = module(tmp_path, mixture, databases=(SHORT,), val_fraction=0)
    assert set(data.beats.database.tolist()) == {"short"}
