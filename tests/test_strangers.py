"""A stranger's run folder or weights file names nothing but what trains, and nothing else is even imported."""

from __future__ import annotations

import json
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import save_file

from ecg.config.check import checked
from ecg.config.compose import compose
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import LayeredModel, kachuee
from ecg.runs.reading import load_config
from ecg.runs.weights import FORMAT, load_weights
from ecg.targets import known, locate

Here = Callable[..., Path]
INFO = DataInfo(
    dataset="arrhythmia", classes=tuple("NSVFQ"), source="synthetic", simulated=True, segmentation="kaggle", fs=120.0,
    r_peak_s=0.0, shapes={"signal": (1, 187)}, leads=("MLII",), wanted=("first",), databases=(), split="patients",
    by_patient=True, notes=(), fingerprint="abc", counts={},
)  # fmt: skip


@cache
def composed() -> dict[str, Any]:
    """What a run folder holds."""
    return compose("dataset.source=synthetic", "logger=none").as_dict()


@pytest.mark.parametrize(
    "group", ["dataset", "model", "loss", "optimizer", "scheduler", "augment", "trainer", "transfer"]
)
def test_conf_names_nothing_that_a_run_folder_may_not(group: str) -> None:
    from ecg.config.compose import choices, node

    for name in choices(group):
        if "_target_" in (said := node(group, name)):
            assert known(said["_target_"])
    for several in ("callbacks", "logger"):
        for name in choices(several):
            assert all(known(one["_target_"]) for one in node(several, name).values())


FOREIGN = [
    "os.system",
    "subprocess.Popen",
    "subprocess.run",
    "builtins.eval",
    "builtins.exec",
    "runpy.run_path",
    "importlib.import_module",
    "pathlib.Path.unlink",
    "shutil.rmtree",
    "pickle.loads",
    "torch.load",
    "torch.hub.load",
    "torch.utils.data.DataLoader",
    "torch.optimizer.x",
    "ecg.runs.folder.write_json",
    "ecg.database.x",
    "ecg.config.build.build",
    "pytorch_lightning.trainer.Trainer",
    "pytorch_lightning.cli.LightningCLI",
    "hydra.utils.instantiate",
    "omegaconf.OmegaConf.load",
]
AROUND = [
    "ecg.training.history.csv.reader",
    "ecg.training.checkpoints.torch.load",
    "ecg.training.trainer.logging.shutdown",
    "ecg.data.module.np.load",
    "torch.optim.os",
    "torch.optim.os.system",
    "torch.optim.optimizer.torch.load",
    "pytorch_lightning.loggers.wandb.os.system",
    "pytorch_lightning.callbacks.Callback.__init__.__globals__",
    "ecg.training..os.system",
    "ecg.training.",
    "ecg.models.cnn.",
]
"""Paths that begin as known ones do and lead to other modules."""
IMPORTED = [
    "ecg.models.cnn.__class__",
    "ecg.training.classifier.build",
    "ecg.training.classifier.node",
    "ecg.training.classifier.from_recipe",
    "ecg.training.loggers.locate",
    "ecg.training.trainer.check_devices",
    "ecg.training.checkpoints.whole_file",
    "ecg.data.published_rows.write_kaggle_files",
    "ecg.data.mi.partial",
    "ecg.data.mi.Path",
    "ecg.data.arrhythmia.Simulated",
    "ecg.transfer.features.FileLock",
    "pytorch_lightning.loggers.csv_logs.save_hparams_to_yaml",
    "pytorch_lightning.loggers.csv_logs.ExperimentWriter",
    "torch.optim.optimizer.deepcopy",
]
"""Functions and classes that known modules have imported, or that are no part of their public names."""


def placed(target: object) -> list[tuple[str, dict[str, Any]]]:
    """A configuration with something foreign at every place that holds what is built."""
    evil = {"_target_": target, "command": "touch flag", "args": ["touch", "flag"]}
    places = ["dataset", "model", "loss", "optimizer", "scheduler", "augment", "trainer", "transfer"]
    found: list[tuple[str, dict[str, Any]]] = [(place, {place: evil}) for place in places]
    within = {"model.dropout": ("model", "dropout"), "trainer.strategy": ("trainer", "strategy")}
    within |= {"dataset.synthetic": ("dataset", "synthetic"), "optimizer.lr": ("optimizer", "lr")}
    tree = composed()
    for name, (group, key) in within.items():
        found.append((name, {group: {**tree[group], key: evil}}))
    folds = {**tree["dataset"]["synthetic"], "patients": evil}
    found.append(("dataset.synthetic.patients", {"dataset": {**tree["dataset"], "synthetic": folds}}))
    for group in ("callbacks", "logger", "metrics"):
        found.append((f"{group}.x", {group: {"x": evil}}))
    writer = {"_target_": "pytorch_lightning.loggers.WandbLogger", "anything": evil}  # takes any keyword
    found.append(("logger.x.anything", {"logger": {"x": writer}}))
    opened = {"_target_": "pytorch_lightning.callbacks.Callback", "anything": evil}
    found.append(("callbacks.x.anything", {"callbacks": {"x": opened}}))
    return [(name, {**tree, **changed}) for name, changed in found]


@pytest.mark.parametrize("target", [*FOREIGN, *AROUND])
def test_a_run_folder_that_names_something_foreign_is_refused_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    for place, tree in placed(target):
        path.write_text(yaml.safe_dump(tree))
        with pytest.raises(EcgError) as told:
            load_config(path)
        assert f"{place}" in str(told.value)
        assert str(path) in str(told.value)
        assert str(told.value).isprintable()
        with pytest.raises(EcgError):
            checked(tree, own=False)
    assert not (tmp_path / "flag").exists()


@pytest.mark.parametrize("target", [3, None, ["os.system"], {"a": 1}, True, "", "os", "\x1b[31mos.system"])
def test_a_target_that_is_no_import_path_is_refused(tmp_path: Path, target: object) -> None:
    path = tmp_path / "config.yaml"
    for place, tree in placed(target):
        path.write_text(yaml.safe_dump(tree))
        with pytest.raises(EcgError, match=str(path)) as told:
            load_config(path)
        assert str(told.value).isprintable(), place


def test_a_foreign_module_is_not_even_imported(here: Here, tmp_path: Path) -> None:
    written = here("ecg_test_foreign")
    path = tmp_path / "config.yaml"
    for _, tree in placed("ecg_test_foreign.call"):
        path.write_text(yaml.safe_dump(tree))
        with pytest.raises(EcgError, match="may name only"):
            load_config(path)
    assert not written.with_suffix(".imported").exists()
    assert not written.with_suffix(".called").exists()


def crafted(folder: Path, model: dict[str, Any], segmentation: object = "kaggle") -> Path:
    """A weights file that says this of its model and its segmentation."""
    said = {"data": asdict(INFO), "model": model, "segmentation": {"name": segmentation}, "training": {}}
    metadata = {"format": FORMAT, **{key: json.dumps(value) for key, value in said.items()}}
    save_file(kachuee().state_dict(), folder / "weights.safetensors", metadata)
    return folder / "weights.safetensors"


@pytest.mark.parametrize("target", [*FOREIGN, *AROUND])
def test_weights_that_name_something_foreign_are_refused_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = {"_target_": target, "command": "touch flag", "args": ["touch", "flag"]}
    for model in (
        evil,
        {"_target_": "ecg.models.cnn", "dropout": evil},
        {"_target_": "ecg.models.kachuee", "anything": evil},
        {"_target_": "ecg.models.LayeredModel", "layers": evil, "recipe": evil},
        {"name": "cnn", "dropout": evil},
        {"name": "kachuee", **evil},
    ):
        with pytest.raises(
            EcgError, match=r"weights\.safetensors: .*(may name only|unknown key model\.anything)"
        ) as told:
            load_weights(crafted(tmp_path, model))
        assert str(told.value).isprintable()
    for model in ({"name": "kachuee"}, {"_target_": "ecg.models.kachuee"}):  # nothing else is wrong with the file
        assert isinstance(load_weights(crafted(tmp_path, model)).model, LayeredModel)
    assert not (tmp_path / "flag").exists()


@pytest.mark.parametrize("target", [*FOREIGN, *AROUND])
def test_a_foreign_name_of_something_registered_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Segmentation, split and databases are named without `_target_`, but found by their import path too."""
    monkeypatch.chdir(tmp_path)
    path, tree = tmp_path / "config.yaml", composed()
    node = {"_target_": target, "command": "touch flag", "args": ["touch", "flag"]}
    settings = {"command": "touch flag", "args": ["touch", "flag"]}
    for key, value in (
        ("segmentation", target),
        ("segmentation", {"name": target, **settings}),
        ("segmentation", {"name": {"name": target}}),
        ("segmentation", {"name": [target]}),
        ("segmentation", node),
        ("split", target),
        ("split", {"name": target, **settings}),
        ("databases", target),
        ("databases", ["mitdb", target]),
        ("databases", [{"name": target, **settings}]),
    ):
        path.write_text(yaml.safe_dump({**tree, "dataset": {**tree["dataset"], key: value}}))
        with pytest.raises(EcgError, match=rf"{path} .*dataset\.{key}.*may name only") as told:
            load_config(path)
        assert str(told.value).isprintable()
    for key, value in (  # inert, wherever they get to
        ("segmentation", {"name": "paper", "rate": node}),
        ("segmentation", {"name": "kaggle", "x": node}),
        ("databases", [node]),
    ):
        changed = {**tree["dataset"], "source": "physionet", key: value}
        path.write_text(yaml.safe_dump({**tree, "dataset": changed}))
        with pytest.raises(EcgError, match=key):
            load_config(path).data()
    with pytest.raises(EcgError, match=r"weights\.safetensors: .*segmentation.*may name only"):
        load_weights(crafted(tmp_path, {"name": "kachuee"}, target))
    assert not (tmp_path / "flag").exists()


@pytest.mark.parametrize("name", [3, None, ["os.system"], {"name": "os.system"}, "", "os", "kagle"])
def test_a_segmentation_of_weights_that_is_no_name_is_refused(tmp_path: Path, name: object) -> None:
    with pytest.raises(EcgError, match=r"weights\.safetensors: .*segmentation"):
        load_weights(crafted(tmp_path, {"name": "kachuee"}, name))


@pytest.mark.parametrize("target", IMPORTED)
def test_what_known_modules_have_imported_for_themselves_is_not_known(target: str) -> None:
    assert callable(locate(target, "x"))
    assert not known(target)


def test_a_stranger_cannot_have_a_file_of_his_own_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = {"_target_": "os.system", "command": f"touch {tmp_path / 'flag'}"}
    (tmp_path / "evil.yaml").write_text(yaml.safe_dump(evil))
    node = {"_target_": "ecg.training.classifier.node", "group": str(tmp_path), "name": "evil"}
    launder = {"_target_": "ecg.training.classifier.build", "path": "x", "node": node}
    with pytest.raises(EcgError, match="may name only"):
        load_weights(crafted(tmp_path, launder))
    assert not (tmp_path / "flag").exists()


def test_everything_that_a_run_folder_may_name_was_made_for_it() -> None:
    rooms = ("ecg.data", "ecg.models", "ecg.training", "ecg.transfer")
    theirs = ("torch.optim", "pytorch_lightning.callbacks", "pytorch_lightning.loggers")
    made, foreign = (*rooms, *theirs, "ecg.beats.segmentations", "ecg.beats.rpeaks.network"), []
    for room in (*rooms, *theirs):
        package = import_module(room)
        names = [room, *(one.name for one in pkgutil.walk_packages(package.__path__, f"{room}."))]
        for module in filter(None, (sys.modules.get(name) for name in names)):
            for name, value in vars(module).items():
                path = f"{module.__name__}.{name}"
                if callable(value) and known(path) and not str(value.__module__).startswith(made):
                    foreign.append(path)
    assert foreign == []
