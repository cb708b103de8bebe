"""Things named by import path: one's own are found, a stranger's folder names nothing but what trains."""

from __future__ import annotations

import json
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import save_file

from ecg.config.build import build
from ecg.config.check import checked
from ecg.config.compose import compose
from ecg.config.targets import known, locate, name_of
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import LayeredModel, kachuee
from ecg.runs.reading import load_config
from ecg.runs.weights import load_weights, save_weights

Here = Callable[..., Path]


def refused(*overrides: str) -> str:
    with pytest.raises(EcgError) as told:
        compose(*overrides)
    assert str(told.value).isprintable()
    return str(told.value)


def test_a_model_of_ones_own_is_found_in_the_current_folder(here: Here) -> None:
    here("ecg_test_mine")
    made = compose("model=kachuee", "model._target_=ecg_test_mine.Net", "model.width=3", "+model.wide=true")
    assert made.name == "arrhythmia-Net-seed0"
    network = made.network(input_shape=(1, 187), n_classes=5)
    assert isinstance(network, LayeredModel)
    assert network.head.in_features == 3
    assert network.recipe == {"_target_": "ecg_test_mine.Net", "width": 3, "wide": True}


def test_settings_of_a_model_of_ones_own_are_checked_like_any_other(here: Here) -> None:
    here("ecg_test_mine")
    mine = ("model=kachuee", "model._target_=ecg_test_mine.Net")
    assert refused(*mine, "model.widht=3").startswith("unknown key model.widht: did you mean model.width?")
    assert refused(*mine, "model.width=big") == "model.width=big: must be a whole number"
    assert refused(*mine, "model.n_classes=3").startswith("model.n_classes is no setting: ")


def test_what_is_installed_goes_before_the_current_folder(here: Here) -> None:
    written = here("yaml")
    here("torch")
    assert locate("yaml.safe_load", "x") is yaml.safe_load
    assert not written.with_suffix(".imported").exists()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("ecg_test_nowhere.Net", "there is no module ecg_test_nowhere; is it installed?"),
        ("ecg_test_nowhere.deep.Net", "there is no module ecg_test_nowhere; is it installed?"),
        ("ecg.models.cn", "ecg.models has no cn; did you mean ecg.models.cnn?"),
        ("torch.optim.Nadam", "torch.optim has no Nadam; did you mean torch.optim.NAdam?"),
        ("torch.optim.lr_scheduler", "torch.optim has no lr_scheduler"),
        ("cnn", "must be an import path such as torch.optim.AdamW"),
        ("null", "must be an import path such as torch.optim.AdamW"),
        ("3", "must be an import path such as torch.optim.AdamW"),
        ("'..'", ""),
        ("'.x'", ""),
    ],
)
def test_what_is_not_there_is_said_with_the_key_and_the_nearest_name(here: Here, target: str, said: str) -> None:
    told = refused(f"model._target_={target}")
    assert told.startswith("model._target_=")
    assert said in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("import ecg_test_nowhere\n", "needs the package ecg_test_nowhere; pip install ecg_test_nowhere"),
        ("raise RuntimeError('no\\nluck')\n", "cannot be imported (RuntimeError: no luck)"),
        ("def\n", "cannot be imported (SyntaxError: "),
        ("Net = 3\n", "has no Net"),
    ],
)
def test_a_module_of_ones_own_that_is_broken_says_how(here: Here, content: str, said: str) -> None:
    here("ecg_test_broken", content)
    told = refused("model._target_=ecg_test_broken.Net")
    assert told.startswith("model._target_=ecg_test_broken.Net: ")
    assert said in told


def test_names_are_short() -> None:
    names = (
        "ecg.models.cnn",
        "ecg.data.MIDataModule",
        "ecg.data.ArrhythmiaDataModule",
        "torch.optim.AdamW",
        "a.DataModule",
    )
    assert [name_of(name) for name in names] == ["cnn", "mi", "arrhythmia", "AdamW", "DataModule"]


def own_run(folder: Path) -> Path:
    """A config.yaml with a model of the user's own."""
    made = compose("model=kachuee", "model._target_=ecg_test_mine.Net", "model.width=3", "logger=none")
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(made.as_dict()))
    return folder / "config.yaml"


def forget(module: str) -> None:
    sys.modules.pop(module, None)


def test_a_run_folder_with_a_package_of_ones_own_needs_ecg_trust(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    written = here("ecg_test_mine")
    path = own_run(written.parent / "run")
    forget("ecg_test_mine")
    written.with_suffix(".imported").unlink()
    for trust in (None, "", "ecg_test", "ecg_test_mine2", "other"):
        monkeypatch.delenv("ECG_TRUST", raising=False)
        if trust is not None:
            monkeypatch.setenv("ECG_TRUST", trust)
        with pytest.raises(
            EcgError, match=rf"{path} .*model\._target_=ecg_test_mine\.Net: .*set ECG_TRUST=ecg_test_mine$"
        ):
            load_config(path)
    assert not written.with_suffix(".imported").exists()  # a stranger's module is not even looked at
    for trust in ("ecg_test_mine", "other,ecg_test_mine", "other ecg_test_mine"):
        monkeypatch.setenv("ECG_TRUST", trust)
        network = load_config(path).network(input_shape=(1, 187), n_classes=5)
        assert network.head.in_features == 3


def test_weights_of_a_model_of_ones_own_need_ecg_trust(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    written = here("ecg_test_mine")
    node = {"_target_": "ecg_test_mine.Net", "width": 3}
    network = build(node, "model", input_shape=(1, 187), n_classes=5)
    path = written.parent / "weights.safetensors"
    save_weights(path, network.state_dict(), info=INFO, model=node, cut={"name": "kaggle"}, training={})
    forget("ecg_test_mine")
    written.with_suffix(".imported").unlink()
    monkeypatch.delenv("ECG_TRUST", raising=False)
    with pytest.raises(EcgError, match=r"ecg_test_mine\.Net.*set ECG_TRUST=ecg_test_mine"):
        load_weights(path)
    assert not written.with_suffix(".imported").exists()
    monkeypatch.setenv("ECG_TRUST", "ecg_test_mine")
    assert load_weights(path).model.head.in_features == 3


INFO = DataInfo(
    dataset="arrhythmia", classes=tuple("NSVFQ"), source="synthetic", simulated=True, cut="kaggle", fs=120.0,
    shape=(1, 187), leads=("MLII",), split="patients", notes=(), fingerprint="abc", counts={},
)  # fmt: skip


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
    "ecg.data.kaggle_files.write_kaggle_files",
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
    tree = compose("dataset.source=synthetic", "logger=none").as_dict()
    for name, (group, key) in within.items():
        found.append((name, {group: {**tree[group], key: evil}}))
    folds = {**tree["dataset"]["synthetic"], "patients": evil}
    found.append(("dataset.synthetic.patients", {"dataset": {**tree["dataset"], "synthetic": folds}}))
    for group in ("callbacks", "logger"):
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


def crafted(folder: Path, model: dict[str, Any]) -> Path:
    """A weights file that says this of its model."""
    said = {"data": asdict(INFO), "model": model, "cut": {"name": "kaggle"}, "training": {}}
    metadata = {"format": "ecg-weights-1", **{key: json.dumps(value) for key, value in said.items()}}
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
        with pytest.raises(EcgError, match=r"weights\.safetensors: ") as told:
            load_weights(crafted(tmp_path, model))
        assert str(told.value).isprintable()
    assert not (tmp_path / "flag").exists()


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
    made, foreign = (*rooms, *theirs, "ecg.beats.cuts"), []
    for room in (*rooms, *theirs):
        package = import_module(room)
        names = [room, *(one.name for one in pkgutil.walk_packages(package.__path__, f"{room}."))]
        for module in filter(None, (sys.modules.get(name) for name in names)):
            for name, value in vars(module).items():
                path = f"{module.__name__}.{name}"
                if callable(value) and known(path) and not str(value.__module__).startswith(made):
                    foreign.append(path)
    assert foreign == []
