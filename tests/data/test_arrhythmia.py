"""The arrhythmia data module on tiny simulated recordings and tiny Kaggle files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ecg.beats.cuts import KaggleCut, PaperCut
from ecg.beats.splits import LEAK_LINE
from ecg.config.compose import compose
from ecg.data import ArrhythmiaDataModule
from ecg.data.arrhythmia import SOURCES, SPLITS, physionet_source, split_rule
from ecg.data.arrhythmia import synthetic_source as simulate
from ecg.data.settings import Simulated
from ecg.errors import EcgError
from ecg.recordings.kaggle_csv import write_kaggle_csv

TINY = Simulated(patients=6, minutes=0.5)


def module(cache: Path, **more: Any) -> ArrhythmiaDataModule:
    usual = {"source": "synthetic", "synthetic": TINY, "batch_size": 16, "data_dir": cache / "none"}
    return ArrhythmiaDataModule(**{**usual, "cache_dir": cache, **more})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def data(cache: Path) -> ArrhythmiaDataModule:
    """Six simulated patients of half a minute, prepared and divided by patient."""
    made = module(cache)
    made.prepare_data()
    made.setup("fit")
    return made


@pytest.fixture
def kaggle_folder(tmp_path: Path) -> Path:
    """A data folder with the two Kaggle files, 60 and 20 rows."""
    rng = np.random.default_rng(0)
    for name, n in (("mitbih_train.csv", 60), ("mitbih_test.csv", 20)):
        x = rng.random((n, 187), dtype=np.float32)
        write_kaggle_csv(tmp_path / "kaggle" / name, x, np.arange(n, dtype=np.int64) % 5)
    return tmp_path


def test_the_data_describes_itself(data: ArrhythmiaDataModule) -> None:
    info = data.info
    assert (info.dataset, info.source, info.cut, info.split) == ("arrhythmia", "synthetic", "kaggle", "patients")
    assert info.classes == ("N", "S", "V", "F", "Q")
    assert (info.fs, info.shape, info.leads) == (120, (1, 187), ("MLII",))
    assert info.simulated
    assert "SIMULATED" in info.title
    assert len(info.fingerprint) == 64


def test_counts_are_those_of_the_sides(data: ArrhythmiaDataModule) -> None:
    for side, index in data.split.sides.items():
        assert list(data.info.counts[side].values()) == np.bincount(data.beats.y[index], minlength=5).tolist()
    assert sum(sum(n.values()) for n in data.info.counts.values()) == len(data.beats)


def test_training_batches_hold_training_beats_with_their_labels(data: ArrhythmiaDataModule) -> None:
    train = data.train_dataloader()
    part = data.beats.take(data.split.train)
    seen = 0
    for index, (x, y) in zip(train.sampler, train, strict=True):
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
        assert x.shape == (16, 1, 187)
        np.testing.assert_array_equal(x.numpy(), part.x[index.numpy()])
        np.testing.assert_array_equal(y.numpy(), part.y[index.numpy()])
        seen += len(y)
    assert seen == len(data.split.train) // 16 * 16


@pytest.mark.parametrize("side", ["val", "test"])
def test_evaluation_batches_hold_every_beat_of_their_side_in_order(data: ArrhythmiaDataModule, side: str) -> None:
    batches = list(getattr(data, f"{side}_dataloader")())
    index = data.split.sides[side]
    np.testing.assert_array_equal(torch.cat([x for x, _ in batches]).numpy(), data.beats.x[index])
    np.testing.assert_array_equal(torch.cat([y for _, y in batches]).numpy(), data.beats.y[index])


def test_a_second_setup_changes_nothing(data: ArrhythmiaDataModule) -> None:
    before = (data.beats, data.split, data.info)
    data.setup("test")
    assert all(a is b for a, b in zip(before, (data.beats, data.split, data.info), strict=True))


def test_the_next_run_takes_the_beats_from_the_cache_and_gets_the_same(data: ArrhythmiaDataModule, cache: Path) -> None:
    again = module(cache)
    again.setup()
    assert again.cached
    assert again.info == data.info
    np.testing.assert_array_equal(again.beats.x, data.beats.x)
    np.testing.assert_array_equal(again.split.train, data.split.train)


def test_other_settings_of_a_cut_are_not_taken_from_the_cache(data: ArrhythmiaDataModule, cache: Path) -> None:
    source = simulate(cache, TINY)
    first = source.prepare(PaperCut(threshold=0.5), cache)
    second = source.prepare(PaperCut(threshold=0.6), cache)
    assert not first.cached
    assert not second.cached
    assert len(first.beats) > len(second.beats)


def test_a_changed_recording_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    source = simulate(tmp_path, Simulated(patients=3, minutes=0.5))
    first = source.prepare(KaggleCut(), tmp_path)
    (header,) = tmp_path.glob("simulated-*/sim000.hea")
    header.write_text(header.read_text() + "# another comment\n")
    again = source.prepare(KaggleCut(), tmp_path)
    assert not again.cached
    assert again.fingerprint != first.fingerprint


def test_a_simulated_source_gives_whole_recordings(data: ArrhythmiaDataModule) -> None:
    recording = data.source.recording("sim003")
    assert recording is not None
    assert recording.simulated
    assert recording.seconds == pytest.approx(30)


def test_kaggle_files_are_a_source_with_the_published_sides(kaggle_folder: Path, tmp_path: Path) -> None:
    data = module(tmp_path / "cache", source="kaggle", data_dir=kaggle_folder)
    data.setup()
    assert (data.info.split, data.info.source, data.info.simulated) == ("kaggle", "kaggle", False)
    assert data.info.notes == (LEAK_LINE,)
    assert len(data.split.test) == 20
    assert len(data.split.train) + len(data.split.val) == 60
    assert set(data.beats.record[data.split.test]) == {"mitbih_test.csv"}
    assert data.source.recording("100") is None
    again = module(tmp_path / "cache", source="kaggle", data_dir=kaggle_folder)
    again.setup()
    assert again.cached


def test_a_missing_kaggle_file_is_named_with_what_is_there(kaggle_folder: Path, tmp_path: Path) -> None:
    (kaggle_folder / "kaggle" / "mitbih_test.csv").unlink()
    with pytest.raises(EcgError, match=r"mitbih_test\.csv missing.*mitbih_train\.csv.*dataset\.source=physionet"):
        module(tmp_path, source="kaggle", data_dir=kaggle_folder).setup()


def test_kaggle_files_cannot_be_cut_otherwise(kaggle_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"dataset\.cut=paper.*dataset\.cut=kaggle"):
        module(tmp_path, source="kaggle", data_dir=kaggle_folder, cut="paper").setup()


def test_kaggle_files_cannot_be_divided_by_patient(kaggle_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"dataset\.split=patients.*dataset\.split=kaggle"):
        module(tmp_path / "cache", source="kaggle", data_dir=kaggle_folder, split="patients").setup()


def test_simulated_beats_cannot_be_divided_as_the_kaggle_files(data: ArrhythmiaDataModule, cache: Path) -> None:
    other = module(cache, split="kaggle")
    with pytest.raises(EcgError, match=r"dataset\.split=kaggle.*MIT-BIH"):
        other.setup()


@pytest.mark.parametrize(
    ("source", "cut", "expected"),
    [
        ("physionet", "kaggle", "kaggle_split"),
        ("kaggle", "kaggle", "kaggle_split"),
        ("physionet", "paper", "patients_split"),
        ("synthetic", "kaggle", "patients_split"),
    ],
)
def test_auto_is_the_published_split_where_it_covers_the_beats(source: str, cut: str, expected: str) -> None:
    rule = split_rule(
        "auto", source=source, cut=cut, val_fraction=None, test_fraction=0.2, strict_subjects=False, seed=0
    )
    assert rule.func.__name__ == expected  # type: ignore[attr-defined]
    assert rule.keywords["val_fraction"] == (0.05 if expected == "kaggle_split" else 0.2)  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_source_and_split_is_built_without_touching_the_disk(tmp_path: Path, source: str, split: str) -> None:
    built = module(tmp_path / "cache", data_dir=tmp_path / "data", source=source, split=split)
    assert built.source.name == source
    assert built.source.simulated == (source == "synthetic")
    assert list(tmp_path.iterdir()) == []


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ECG_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = ArrhythmiaDataModule()
    assert (built.source.name, built.cut, built.batch_size, built.seed) == ("physionet", KaggleCut(), 256, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "disk"}, r"source=disk: choose one of physionet, kaggle, synthetic"),
        ({"split": "folds"}, r"split=folds: choose one of auto, kaggle, beats, patients"),
        ({"cut": "papr"}, r"cut=papr: choose one of kaggle, paper"),
        ({"batch_size": 1}, r"batch_size=1: must be at least 2"),
        ({"val_fraction": 0.7}, r"val_fraction=0\.7: must be from 0 \(not included\) to 0\.5"),
        ({"test_fraction": 0}, r"test_fraction=0: must be from 0 \(not included\) to 0\.9"),
    ],
)
def test_wrong_settings_name_the_parameter_and_the_choices(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        module(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"patients": 2}, r"patients=2: must be from 3 to 1000"),
        ({"minutes": 0.1}, r"minutes=0\.1: must be from 0\.5 to 60"),
        ({"seed": -1}, r"seed=-1: must be at least 0"),
    ],
)
def test_wrong_settings_of_simulated_recordings_name_the_parameter(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        Simulated(**changes)


def test_the_settings_of_a_run_are_the_parameters_of_the_data_module(tmp_path: Path) -> None:
    typed = ("dataset.source=synthetic", "dataset.cut=paper", "+dataset.paper.threshold=0.6", "dataset.batch_size=32")
    more = ("+dataset.synthetic.patients=7", "+dataset.val_fraction=0.3", "seed=4", f"cache_dir={tmp_path}")
    built = compose("dataset=arrhythmia", *typed, *more).data()
    assert type(built) is ArrhythmiaDataModule
    assert built.cut == PaperCut(threshold=0.6)
    assert (built.batch_size, built.seed, built.cache) == (32, 4, tmp_path)
    assert built.source.fetch.args[0] == Simulated(patients=7)
    assert built.split_rule.keywords["val_fraction"] == 0.3


@pytest.mark.real
def test_mit_bih_knows_that_201_and_202_are_one_patient(ecg_data: Path) -> None:
    recording = physionet_source(ecg_data).recording("202")
    assert recording is not None
    assert recording.patient == "201"
