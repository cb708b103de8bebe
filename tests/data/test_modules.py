"""Every data module under somebody's own Trainer: all of Lightning's hooks, in notebooks and in several processes."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from ecg.data import ArrhythmiaDataModule, BeatData, MIDataModule, arrhythmia, mi
from ecg.data.settings import Simulated
from ecg.models import kachuee
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.kaggle_csv import write_kaggle_csv
from ecg.recordings.synthetic import write_mi
from ecg.training import BeatClassifier

pytestmark = pytest.mark.filterwarnings("ignore")
TINY = Simulated(patients=9, minutes=0.5)
Module = Callable[..., BeatData]
every_module = pytest.mark.parametrize("module", [ArrhythmiaDataModule, MIDataModule])
every_source = pytest.mark.parametrize(
    ("module", "source"),
    [(ArrhythmiaDataModule, source) for source in arrhythmia.SOURCES] + [(MIDataModule, s) for s in mi.SOURCES],
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def build(module: Module, cache: Path, **more: Any) -> BeatData:
    return module("synthetic", synthetic=TINY, batch_size=16, cache_dir=cache, **more)


def trainer(**more: Any) -> pl.Trainer:
    """A Trainer of somebody's own."""
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return pl.Trainer(**{"accelerator": "cpu", "max_epochs": 1, "enable_checkpointing": False, **quiet, **more})


def classifier(data: BeatData) -> BeatClassifier:
    torch.manual_seed(0)
    return BeatClassifier(kachuee(n_classes=len(data.classes)))


class Watch(pl.Callback):
    """Notes the beats of every batch, by what they were shown for."""

    def __init__(self) -> None:
        self.seen: dict[str, list[torch.Tensor]] = {"train": [], "val": [], "test": []}

    def on_train_batch_end(self, trainer: object, module: object, out: object, batch: Any, index: int) -> None:
        self.seen["train"].append(batch[0]["signal"])

    def on_validation_batch_end(self, trainer: object, module: object, out: object, batch: Any, index: int) -> None:
        self.seen["val"].append(batch[0]["signal"])

    def on_test_batch_end(self, trainer: object, module: object, out: object, batch: Any, index: int) -> None:
        self.seen["test"].append(batch[0]["signal"])


@every_module
def test_a_foreign_trainer_fits_validates_tests_and_predicts_with_the_beats_of_each_subset(
    module: Module, cache: Path
) -> None:
    data, watch = build(module, cache), Watch()
    made, own = classifier(data), trainer(callbacks=[watch], num_sanity_val_steps=0)
    own.fit(made, datamodule=data)
    own.test(made, datamodule=data, verbose=False)
    for subset, seen in watch.seen.items():
        shown = torch.cat(seen).numpy()
        there = data.beats.signal[data.split.subsets[subset]]
        if subset == "train":
            assert len(shown) == len(there) // 16 * 16
            assert {beat.tobytes() for beat in shown} <= {beat.tobytes() for beat in there}
        else:
            np.testing.assert_array_equal(shown, there)
    validated = own.validate(made, datamodule=data, verbose=False)
    assert validated[0]["val/loss"] > 0
    predicted = torch.cat(own.predict(made, datamodule=data))  # type: ignore[arg-type]
    assert predicted.shape == (len(data.split.test), len(data.classes))
    with torch.inference_mode():
        alone = made.eval()(torch.from_numpy(data.beats.signal[data.split.test[:7]])).softmax(dim=1)
    torch.testing.assert_close(predicted[:7], alone, rtol=1e-4, atol=1e-5)  # row i is beat i of the test subset


@every_module
@pytest.mark.parametrize("what", ["validate", "test", "predict"])
def test_each_hook_works_on_a_fresh_module_without_a_fit_before(module: Module, cache: Path, what: str) -> None:
    data = build(module, cache)
    assert getattr(trainer(), what)(classifier(data), datamodule=data)


@every_module
def test_loaders_are_ordinary_ones_over_ordinary_data(module: Module, cache: Path) -> None:
    data = build(module, cache)
    data.prepare_data()
    data.setup("fit")
    for name in ("train", "val", "test", "predict"):
        loader = getattr(data, f"{name}_dataloader")()
        assert type(loader) is DataLoader
        given, y = next(iter(loader))
        assert set(given) == {"signal"}
        x = given["signal"]
        assert (x.dtype, y.dtype, x.shape[1:]) == (torch.float32, torch.int64, data.info.shape)
        index = torch.arange(3)
        some, labels = loader.dataset[index]
        assert (len(some["signal"]), len(labels)) == (3, 3)
        assert sum(len(batch[1]) for batch in loader) == len(loader.dataset) or name == "train"


@every_module
def test_the_loaders_workers_are_the_users_choice_as_in_any_loader(module: Module, cache: Path) -> None:
    data = build(module, cache)
    data.setup()
    loader = data.val_dataloader()
    with_workers = DataLoader(loader.dataset, sampler=loader.sampler, batch_size=None, num_workers=1)
    for (a, _), (b, _) in zip(loader, with_workers, strict=True):
        assert torch.equal(a["signal"], b["signal"])


@every_module
def test_several_fits_in_one_process_on_one_module_begin_alike(module: Module, cache: Path) -> None:
    data = build(module, cache)
    seen, weights = [], []
    for _ in range(2):
        watch, made = Watch(), classifier(data)
        trainer(callbacks=[watch], max_epochs=2).fit(made, datamodule=data)
        seen.append(torch.cat(watch.seen["train"]))
        weights.append(made.model.state_dict())
    assert torch.equal(*seen)
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    first, second = seen[0].chunk(2)
    assert not torch.equal(first, second)  # each epoch has an order of its own


@every_module
def test_going_through_loaders_leaves_the_global_generator_alone(module: Module, cache: Path) -> None:
    data = build(module, cache)
    data.setup()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    for name in ("train", "val", "test", "predict"):
        list(getattr(data, f"{name}_dataloader")())
    assert torch.equal(torch.get_rng_state(), before)


@every_source
def test_a_fresh_module_of_every_source_travels_to_another_process(
    tmp_path: Path, module: type[BeatData], source: str
) -> None:
    data = module(source, data_dir=tmp_path, cache_dir=tmp_path)  # type: ignore[call-arg, arg-type]
    again = pickle.loads(pickle.dumps(data))
    assert (again.source.name, again.segmentation, again.cache) == (data.source.name, data.segmentation, data.cache)
    assert again.source.at_hand() is data.source.at_hand()
    assert again.databases == data.databases
    assert again.split_rule.func is data.split_rule.func


@every_module
@pytest.mark.parametrize("prepared", [False, True])
def test_a_module_in_another_process_has_the_same_beats(module: Module, cache: Path, prepared: bool) -> None:
    data = build(module, cache)
    if prepared:
        data.prepare_data()
        data.setup()
    again = pickle.loads(pickle.dumps(data))
    for one in (data, again):
        one.prepare_data()
        one.setup()
    assert again.info == data.info
    np.testing.assert_array_equal(again.beats.signal, data.beats.signal)
    np.testing.assert_array_equal(again.split.test, data.split.test)


def test_a_source_says_whether_it_needs_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def there(module: Module, source: str, **more: Any) -> bool:
        return module(source, data_dir=tmp_path, cache_dir=tmp_path / "cache", **more).source.at_hand()

    def refuse(*_: object) -> None:
        raise AssertionError("downloaded")

    monkeypatch.setattr("ecg.recordings.download.download", refuse)
    assert there(ArrhythmiaDataModule, "synthetic")
    assert there(MIDataModule, "synthetic")
    for module in (ArrhythmiaDataModule, MIDataModule):
        assert not there(module, "physionet")
        assert not there(module, "kaggle")
    both = ["ptbdb", "ptb-xl"]
    assert not there(MIDataModule, "physionet", databases=both)
    write_mi(tmp_path / "ptbdb", patients=4, seconds=8)
    assert there(MIDataModule, "physionet")
    assert not there(MIDataModule, "physionet", databases=["ptb-xl"])
    assert not there(MIDataModule, "physionet", databases=both)
    (tmp_path / "mitdb").mkdir()
    for name in MITDB.missing_files(tmp_path / "mitdb"):
        assert not there(ArrhythmiaDataModule, "physionet")
        (tmp_path / "mitdb" / name).touch()
    assert there(ArrhythmiaDataModule, "physionet")
    assert not there(ArrhythmiaDataModule, "physionet", databases=["mitdb", "svdb"])
    write_kaggle_csv(tmp_path / "kaggle" / "mitbih_test.csv", np.ones((1, 187), dtype=np.float32), np.zeros(1, int))
    assert there(ArrhythmiaDataModule, "kaggle")
    assert not (tmp_path / "cache").exists()


@every_module
def test_whose_hearts_they_are_is_a_property_of_the_module(module: type[BeatData], cache: Path) -> None:
    simulated = build(module, cache)
    assert simulated.databases == {f"simulated {module.dataset}, seed 0"}
    usual, two = ("ptbdb", ["ptb-xl", "ptbdb"]) if module is MIDataModule else ("mitdb", ["mitdb", "svdb"])
    for source in ("physionet", "kaggle"):
        assert module(source, cache_dir=cache).databases == {usual}  # type: ignore[call-arg, arg-type]
    assert module("physionet", databases=two, cache_dir=cache).databases == set(two)  # type: ignore[call-arg, arg-type]


SHARED = '''
import json, os, sys
from pathlib import Path
import pytorch_lightning as pl
import torch
from ecg.data import MIDataModule
from ecg.data.settings import Simulated
from ecg.models import kachuee
from ecg.training import BeatClassifier


class Watch(pl.Callback):
    def __init__(self, out):
        self.out, self.seen = out, {"train": [], "test": []}

    def note(self, subset, batch):
        self.seen[subset].append([hash(beat.numpy().tobytes()) for beat in batch[0]["signal"]])

    def on_train_batch_end(self, trainer, module, out, batch, index):
        self.note("train", batch)

    def on_validation_batch_end(self, trainer, module, out, batch, index):
        self.note("test", batch)

    def teardown(self, trainer, module, stage):
        weight = float(module.model.head.weight.double().sum())
        said = {"seen": self.seen, "world": trainer.world_size, "weight": weight}
        Path(self.out, f"{trainer.global_rank}.json").write_text(json.dumps(said))


class TestInTraining(MIDataModule):
    """Shows the test beats in the place of validation: one start of the processes is enough."""

    def val_dataloader(self):
        return self.test_dataloader()


if __name__ == "__main__":
    cache, out = sys.argv[1:]
    torch.manual_seed(0)
    data = TestInTraining("synthetic", synthetic=Simulated(patients=9, minutes=0.5), batch_size=16, cache_dir=cache)
    model = BeatClassifier(kachuee(n_classes=2))
    quiet = dict(logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)
    own = dict(accelerator="cpu", strategy="ddp_spawn", devices=2, max_epochs=1, num_sanity_val_steps=0)
    pl.Trainer(callbacks=[Watch(out)], **own, **quiet).fit(model, datamodule=data)
'''


@pytest.mark.skipif(sys.platform == "win32", reason="processes share through gloo, which needs a name of its own there")
def test_processes_that_are_spawned_share_the_beats_and_none_is_tested_twice(tmp_path: Path, cache: Path) -> None:
    script = tmp_path / "shared.py"
    script.write_text(SHARED)
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, script, cache, tmp_path]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    said = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert [one["world"] for one in said] == [2, 2]
    data = build(MIDataModule, cache)
    data.setup()
    trained, tested = (
        [[beat for batch in one["seen"][subset] for beat in batch] for one in said] for subset in ("train", "test")
    )
    assert all(tested)
    assert len({beat for share in tested for beat in share}) == sum(map(len, tested)) == len(data.split.test)
    n = len(data.split.train)
    assert len(trained[0]) == len(trained[1]) == (n + 1) // 2 // 16 * 16
    assert len(set(trained[0]) & set(trained[1])) <= n % 2  # but for what makes the shares equal
    assert said[0]["weight"] == said[1]["weight"]  # and they learnt together
