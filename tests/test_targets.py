"""Things named by import path: one's own are found, a stranger's folder names nothing but what trains."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecg.checks import BadSettingError
from ecg.config.build import build
from ecg.config.compose import compose
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.recordings.databases.svdb import SVDB
from ecg.runs.reading import load_config
from ecg.runs.weights import load_weights, save_weights
from ecg.targets import by_name, find, locate, name_of

Here = Callable[..., Path]
INFO = DataInfo(
    dataset="arrhythmia", classes=tuple("NSVFQ"), source="synthetic", simulated=True, segmentation="kaggle", fs=120.0,
    r_peak_s=0.0, shapes={"signal": (1, 187)}, leads=("MLII",), wanted=("first",), databases=(), split="patients",
    by_patient=True, notes=(), fingerprint="abc", counts={},
)  # fmt: skip


def refused(*overrides: str) -> str:
    with pytest.raises(EcgError) as told:
        compose(*overrides)
    assert str(told.value).isprintable()
    return str(told.value)


def test_a_model_of_ones_own_is_found_in_the_current_folder(here: Here) -> None:
    here("ecg_test_mine")
    made = compose("model=kachuee", "model._target_=ecg_test_mine.Net", "model.width=3", "+model.wide=true")
    assert made.name == "arrhythmia-Net-seed0"
    network = made.network(inputs={"signal": (1, 187)}, n_classes=5)
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
        ("torch.optim.lr_scheduler", "model._target_=torch.optim.lr_scheduler: is neither a class nor a function"),
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
        ("Net = 3\n", "is neither a class nor a function"),
        ("", "ecg_test_broken has no Net"),
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
        network = load_config(path).network(inputs={"signal": (1, 187)}, n_classes=5)
        assert network.head.in_features == 3


def test_weights_of_a_model_of_ones_own_need_ecg_trust(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    written = here("ecg_test_mine")
    node = {"_target_": "ecg_test_mine.Net", "width": 3}
    network = build(node, "model", input_shape=(1, 187), n_classes=5)
    path = written.parent / "weights.safetensors"
    save_weights(path, network.state_dict(), info=INFO, model=node, segmentation={"name": "kaggle"}, training={})
    forget("ecg_test_mine")
    written.with_suffix(".imported").unlink()
    monkeypatch.delenv("ECG_TRUST", raising=False)
    with pytest.raises(EcgError, match=r"ecg_test_mine\.Net.*set ECG_TRUST=ecg_test_mine"):
        load_weights(path)
    assert not written.with_suffix(".imported").exists()
    monkeypatch.setenv("ECG_TRUST", "ecg_test_mine")
    assert load_weights(path).model.head.in_features == 3


SPLIT = """
from pathlib import Path
from ecg.beats.splits import beats_split

Path(__file__).with_suffix(".imported").touch()

def mine(beats, test_fraction, val_fraction, seed):
    return beats_split(beats, test_fraction=test_fraction, val_fraction=val_fraction, seed=seed)
"""


def test_a_run_folder_with_a_split_of_ones_own_needs_ecg_trust(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    written = here("ecg_test_split", SPLIT)
    tree = compose("dataset.source=synthetic", "dataset.split=ecg_test_split.mine", "logger=none").as_dict()
    path = written.parent / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    monkeypatch.delenv("ECG_TRUST", raising=False)
    with pytest.raises(EcgError, match=rf"{path} .*ecg_test_split\.mine.*set ECG_TRUST=ecg_test_split$"):
        load_config(path)
    assert not written.with_suffix(".imported").exists()
    monkeypatch.setenv("ECG_TRUST", "ecg_test_split")
    load_config(path).data()
    assert written.with_suffix(".imported").exists()


REGISTERED = {"one": 1, "two": 2}


def test_something_registered_is_found_by_its_name_and_ones_own_by_its_path(here: Here) -> None:
    here("ecg_test_mine", "THREE = 3\n")
    assert by_name("x", "two", REGISTERED) == 2
    assert by_name("x", "ecg_test_mine.THREE", REGISTERED) == 3  # which need not be a class
    assert find("ecg.recordings.databases.svdb.SVDB", "x") is SVDB
    with pytest.raises(EcgError, match=r"^x=ecg_test_mine\.THREE: is neither a class nor a function$"):
        locate("ecg_test_mine.THREE", "x")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "tow",
            "choose one of one, two, or the import path of one of your own, e.g. my_package.mine; did you mean two?",
        ),
        ("x", "choose one of one, two, or the import path of one of your own, e.g. my_package.mine"),
        (3, "choose one of one, two, or the import path of one of your own, e.g. my_package.mine"),
        (
            ["two"],
            "choose one of one, two, or the import path of one of your own, e.g. my_package.mine; did you mean two?",
        ),
        ("ecg_test_nowhere.Mine", "there is no module ecg_test_nowhere; is it installed?"),
        ("ecg.beats.splits.Splitt", "ecg.beats.splits has no Splitt; did you mean ecg.beats.splits.Split?"),
    ],
)
def test_a_name_that_is_not_registered_is_answered_with_those_that_are(value: Any, said: str) -> None:
    with pytest.raises(BadSettingError) as told:
        by_name("x", value, REGISTERED)
    assert str(told.value) == f"x={value}: {said}"
