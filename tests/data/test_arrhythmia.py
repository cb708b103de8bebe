"""The arrhythmia data module on tiny simulated recordings and tiny Kaggle files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ecg.beats.segmentations import KaggleSegmentation, PaperSegmentation
from ecg.beats.splits import LEAK_LINE
from ecg.config.compose import compose
from ecg.data import ArrhythmiaDataModule
from ecg.data.arrhythmia import SOURCES, SPLITS
from ecg.data.arrhythmia import synthetic_source as simulate
from ecg.data.settings import Simulated
from ecg.data.sources import annotated_source
from ecg.errors import EcgError
from ecg.recordings.databases.mitdb import MITDB
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
    assert (info.dataset, info.source) == ("arrhythmia", "synthetic")
    assert (info.segmentation, info.split) == ("kaggle", "patients")
    assert info.classes == ("N", "S", "V", "F", "Q")
    assert (info.fs, info.shape, info.leads) == (120, (1, 187), ("MLII",))
    assert (info.shapes, info.wanted, info.r_peak_s) == ({"signal": (1, 187)}, ("first",), 0)
    assert (info.databases, info.by_patient) == ((), True)
    assert info.simulated
    assert "SIMULATED" in info.title
    assert len(info.fingerprint) == 64


def test_counts_are_those_of_the_subsets(data: ArrhythmiaDataModule) -> None:
    for subset, index in data.split.subsets.items():
        assert list(data.info.counts[subset].values()) == np.bincount(data.beats.y[index], minlength=5).tolist()
    assert sum(sum(n.values()) for n in data.info.counts.values()) == len(data.beats)


def test_training_batches_hold_training_beats_with_their_labels(data: ArrhythmiaDataModule) -> None:
    train = data.train_dataloader()
    part = data.beats.take(data.split.train)
    seen = 0
    for index, (given, y) in zip(train.sampler, train, strict=True):
        assert set(given) == {"signal"}
        x = given["signal"]
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
        assert x.shape == (16, 1, 187)
        np.testing.assert_array_equal(x.numpy(), part.signal[index.numpy()])
        np.testing.assert_array_equal(y.numpy(), part.y[index.numpy()])
        seen += len(y)
    assert seen == len(data.split.train) // 16 * 16


@pytest.mark.parametrize("subset", ["val", "test"])
def test_evaluation_batches_hold_every_beat_of_their_subset_in_order(data: ArrhythmiaDataModule, subset: str) -> None:
    batches = list(getattr(data, f"{subset}_dataloader")())
    index = data.split.subsets[subset]
    np.testing.assert_array_equal(torch.cat([x["signal"] for x, _ in batches]).numpy(), data.beats.signal[index])
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
    np.testing.assert_array_equal(again.beats.signal, data.beats.signal)
    np.testing.assert_array_equal(again.split.train, data.split.train)


def test_other_settings_of_a_segmentation_are_not_taken_from_the_cache(data: ArrhythmiaDataModule, cache: Path) -> None:
    source = simulate(cache, TINY)
    first = source.prepare(PaperSegmentation(threshold=0.5), ["MLII"], cache)
    second = source.prepare(PaperSegmentation(threshold=0.6), ["MLII"], cache)
    assert not first.cached
    assert not second.cached
    assert len(first.beats) > len(second.beats)


def test_a_changed_recording_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    source = simulate(tmp_path, Simulated(patients=3, minutes=0.5))
    first = source.prepare(KaggleSegmentation(), ["first"], tmp_path)
    (header,) = tmp_path.glob("simulated-*/sim000.hea")
    header.write_text(header.read_text() + "# another comment\n")
    again = source.prepare(KaggleSegmentation(), ["first"], tmp_path)
    assert not again.cached
    assert again.fingerprint != first.fingerprint


def test_a_simulated_source_gives_whole_recordings(data: ArrhythmiaDataModule) -> None:
    recording = data.source.recording("sim003")
    assert recording is not None
    assert recording.simulated
    assert recording.seconds == pytest.approx(30)


def test_kaggle_files_are_a_source_with_the_published_subsets(kaggle_folder: Path, tmp_path: Path) -> None:
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


def test_kaggle_files_cannot_be_segmented_otherwise(kaggle_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"dataset\.segmentation=paper.*dataset\.segmentation=kaggle"):
        module(tmp_path, source="kaggle", data_dir=kaggle_folder, segmentation="paper").setup()


def test_kaggle_files_cannot_be_divided_by_patient(kaggle_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"dataset\.split=patients.*dataset\.split=kaggle"):
        module(tmp_path / "cache", source="kaggle", data_dir=kaggle_folder, split="patients").setup()


def test_simulated_beats_cannot_be_divided_as_the_kaggle_files(data: ArrhythmiaDataModule, cache: Path) -> None:
    other = module(cache, split="kaggle")
    with pytest.raises(EcgError, match=r"dataset\.split=kaggle.*MIT-BIH"):
        other.setup()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"source": "physionet"}, "kaggle_split"),
        ({"source": "kaggle"}, "kaggle_split"),
        ({"source": "physionet", "segmentation": "paper"}, "patients_split"),
        ({"source": "physionet", "segmentation": "window"}, "patients_split"),
        ({"source": "physionet", "leads": ["V1"]}, "patients_split"),
        ({"source": "physionet", "databases": ["svdb"]}, "patients_split"),
        ({"source": "physionet", "databases": ["mitdb", "svdb"]}, "patients_split"),
        ({"source": "synthetic"}, "patients_split"),
    ],
)
def test_auto_is_the_published_split_where_it_covers_the_beats(
    tmp_path: Path, more: dict[str, Any], expected: str
) -> None:
    rule = module(tmp_path, **more).split_rule
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
    assert (built.source.name, built.source.databases) == ("physionet", ("mitdb",))
    assert (built.segmentation, built.leads) == (KaggleSegmentation(), ("first",))
    assert (built.batch_size, built.seed) == (256, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "disk"}, rf"source=disk: choose one of {', '.join(SOURCES)}"),
        ({"split": "fold"}, r"split=fold: choose one of auto, kaggle, beats, patients, folds, or the import path"),
        (
            {"segmentation": "papr"},
            r"segmentation=papr: choose one of kaggle, paper, window, context, record, or the import path",
        ),
        ({"batch_size": 1}, r"batch_size=1: must be at least 2"),
        ({"val_fraction": 0.7}, r"val_fraction=0\.7: must be from 0 to 0\.5"),
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
    segmentation = "dataset.segmentation={name:paper,threshold:0.6}"
    typed = ("dataset.source=synthetic", segmentation, "dataset.leads=[V1]", "dataset.batch_size=32")
    more = ("+dataset.synthetic.patients=7", "+dataset.val_fraction=0.3", "seed=4", f"cache_dir={tmp_path}")
    built = compose("dataset=arrhythmia", *typed, *more).data()
    assert type(built) is ArrhythmiaDataModule
    assert built.segmentation == PaperSegmentation(threshold=0.6)
    assert (built.leads, built.shapes) == (("V1",), {"signal": (1, 187)})
    assert (built.batch_size, built.seed, built.cache) == (32, 4, tmp_path)
    ((_, place),) = built.source.places  # type: ignore[attr-defined]
    assert place.func.__self__ == Simulated(patients=7)
    assert built.split_rule.keywords["val_fraction"] == 0.3


@pytest.mark.real
def test_mit_bih_knows_that_201_and_202_are_one_patient(ecg_data: Path) -> None:
    recording = annotated_source([MITDB], ecg_data).recording("202")
    assert recording is not None
    assert recording.patient == "201"
