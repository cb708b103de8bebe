"""Data serve what a model takes, or say in a line why they cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ecg.data import ArrhythmiaDataModule, BeatData, MIDataModule
from ecg.data.settings import Simulated
from ecg.errors import EcgError
from ecg.models import cnn, kachuee, sequence
from ecg.recordings.kaggle_csv import write_kaggle_csv

InMemory = Callable[..., BeatData]


def model(beats: int = 1, context: int = 0, **inputs: tuple[int, ...]) -> Any:
    return SimpleNamespace(inputs=inputs or {"signal": (1, 3)}, beats=beats, context=context)


def refused(data: BeatData, wanted: Any, said: str) -> None:
    before = (data.names, data.sequence)
    with pytest.raises(EcgError, match=f"^{re.escape(said)}$"):
        data.serve(wanted)
    assert (data.names, data.sequence) == before


def test_an_input_that_the_segmentation_does_not_give_is_named_with_those_that_there_are(in_memory: InMemory) -> None:
    said = "the model takes the inputs signal, slope, but dataset.segmentation=kaggle gives signal, rhythm; choose "
    refused(in_memory([5, 5]), model(signal=(1, 3), slope=(2,)), said + "another model or segmentation")


@pytest.mark.parametrize(("name", "have", "wanted"), [("signal", (1, 3), (2, 3)), ("rhythm", (2,), (2, 1))])
def test_an_input_of_another_shape_is_named_with_both(
    in_memory: InMemory, name: str, have: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    said = f"the data's {name} has the shape {have}, the model takes {wanted}; build it with inputs="
    refused(in_memory([5, 5]), model(**{name: wanted}), said + "{'signal': (1, 3), 'rhythm': (2,)}")


def test_beats_whose_order_nobody_knows_are_no_sequence(in_memory: InMemory) -> None:
    data = in_memory([5, 5], sample=np.array([1, 2, 3, 4, 5, 1, 2, -1, 4, 5]))
    said = "the model sees 4 consecutive beats of a record, but dataset.source=given does not tell their order; choose "
    refused(data, model(beats=4, context=1), said + "dataset.source=physionet")
    data.serve(model())  # one by one they can be seen


def rows(folder: Path, *names: str) -> Path:
    rng = np.random.default_rng(0)
    for i, name in enumerate(names):
        y = np.arange(40) % 5 if name.startswith("mitbih") else np.full(40, i % 2)
        write_kaggle_csv(folder / "kaggle" / name, rng.random((40, 187), dtype=np.float32), y)
    return folder


def test_the_published_rows_are_no_sequence(tmp_path: Path) -> None:
    folder = rows(tmp_path, "mitbih_train.csv", "mitbih_test.csv", "ptbdb_normal.csv", "ptbdb_abnormal.csv")
    for kind in (ArrhythmiaDataModule, MIDataModule):
        data = kind("kaggle", data_dir=folder, cache_dir=tmp_path / "cache")
        data.setup()
        said = "the model sees 8 consecutive beats of a record, but dataset.source=kaggle does not tell their order; "
        refused(data, model(8, 2, signal=(1, 187)), said + "choose dataset.source=physionet")
        said = (
            "the model takes the inputs signal, rhythm, but dataset.segmentation=kaggle gives signal; choose another "
        )
        refused(data, sequence(inputs={"signal": (1, 187), "rhythm": (4,)}), said + "model or segmentation")
        data.serve(cnn(n_classes=len(data.classes)))


def test_what_was_served_last_is_served(in_memory: InMemory) -> None:
    data = in_memory([20, 20])
    everything = next(iter(data.train_dataloader()))[0]
    assert list(everything) == ["signal", "rhythm"]  # nobody said what is taken
    data.serve(model(rhythm=(2,)))
    assert list(next(iter(data.train_dataloader()))[0]) == ["rhythm"]
    data.serve(model(beats=5, context=1))
    inputs, y = next(iter(data.train_dataloader()))
    assert (list(inputs), inputs["signal"].shape[1:], y.shape[1:]) == (["signal", "mask"], (5, 1, 3), (5,))
    data.serve(model())
    inputs, y = next(iter(data.train_dataloader()))
    assert (list(inputs), inputs["signal"].shape[1:], y.dim()) == (["signal"], (1, 3), 1)


def test_a_real_model_is_asked_as_any_other(in_memory: InMemory) -> None:
    said = "the data's signal has the shape (1, 3), the model takes (1, 187); build it with inputs="
    refused(in_memory([5, 5]), kachuee(), said + "{'signal': (1, 3), 'rhythm': (2,)}")


def test_consecutive_beats_stay_consecutive_where_beats_are_thinned(tmp_path: Path) -> None:
    """`beats_per_patient` says which beats count; their neighbours are seen all the same."""
    thinned = Simulated(patients=12, minutes=0.5)
    data = MIDataModule("synthetic", "window", synthetic=thinned, cache_dir=tmp_path, beats_per_patient=3)
    data.prepare_data()
    data.setup()
    counted = {name: data.beats.take(index) for name, index in data.split.subsets.items()}
    n = len(data.beats)
    data.serve(sequence(inputs=data.info.shapes, n_classes=2, beats=8, context=2))
    assert len(data.beats) > 2 * n
    for name, before in counted.items():
        now = data.beats.take(data.split.subsets[name])
        np.testing.assert_array_equal(now.record, before.record)
        np.testing.assert_array_equal(now.sample, before.sample)
    assert sum(int((y >= 0).sum()) for _, y in data.test_dataloader()) == len(counted["test"])
    gaps = np.diff(data.beats.seconds)[data.beats.record[1:] == data.beats.record[:-1]]
    assert np.median(gaps) < 1.5
