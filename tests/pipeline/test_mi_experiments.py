"""The experiments on infarctions: they are what the comments above their settings say."""

from __future__ import annotations

from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import ecg
from ecg.config import RunConfig
from ecg.config.compose import compose
from ecg.recordings.leads import TWELVE
from ecg.training import Mixup, WeightedCrossEntropy

CONF = Path(ecg.__file__).parents[1] / "conf"
EVERY = pytest.mark.parametrize("name", ["mi_12lead", "mi_3lead", "mi_cnn"])


@cache
def experiment(name: str) -> RunConfig:
    return compose(f"experiment={name}")


def swept(name: str) -> dict[str, list[str]]:
    """Values by setting that a sweep of the file goes through, with those of the files it stands on."""
    content = yaml.safe_load((CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8"))
    below = [one for one in content["defaults"] if isinstance(one, str) and one != "_self_"]
    found = {key: value for one in below for key, value in swept(one).items()}
    own = content.get("hydra", {})
    assert own.get("mode", "MULTIRUN") == "MULTIRUN"
    return found | {key: value.split(",") for key, value in own.get("sweeper", {}).get("params", {}).items()}


def different(one: Any, other: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose values differ."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return {} if one == other else {path: (one, other)}
    keys = dict.fromkeys([*one, *other])
    return {
        k: v for key in keys for k, v in different(one.get(key), other.get(key), f"{path}.{key}".strip(".")).items()
    }


def test_twelve_leads_of_whole_recordings_train_the_small_net_on_median_beats() -> None:
    made = experiment("mi_12lead")
    assert (made.dataset_name, made.model_name) == ("mi", "waves")
    assert made.dataset["segmentation"] == "record"
    assert tuple(made.dataset["leads"]) == TWELVE
    data = made.data()
    network = made.network(inputs=data.shapes, n_classes=2)
    assert network.inputs == data.shapes
    assert network.inputs["signal"] == (12, 190)


def test_every_beat_is_mixed_and_classes_are_weighted() -> None:
    made = experiment("mi_12lead")
    assert made.augment["_target_"] == "ecg.training.Mixup" == f"ecg.training.{Mixup.__name__}"
    assert made.augment["when"] == "always"
    assert made.loss["_target_"] == f"ecg.training.{WeightedCrossEntropy.__name__}"


def test_without_validation_patients_the_last_weights_are_kept() -> None:
    made = experiment("mi_12lead")
    assert made.dataset["val_fraction"] == 0
    assert made.trainer["limit_val_batches"] == 0
    assert made.trainer["max_epochs"] == 60


@EVERY
def test_ptb_xl_trains_and_ptb_and_ludb_test_every_model(name: str) -> None:
    dataset = experiment(name).dataset
    assert (list(dataset["databases"]), list(dataset["external"])) == (["ptb-xl"], ["ptbdb", "ludb"])
    assert dataset["target"] == "mi_vs_normal"


@EVERY
def test_every_patient_is_tested_once_in_each_of_five_repeats(name: str) -> None:
    dataset = experiment(name).dataset
    params = swept(name)
    assert dataset["split"] == "folds"
    assert params["dataset.folds.index"] == [str(i) for i in range(dataset["folds"]["count"])]
    assert params["dataset.folds.repeat"] == ["0", "1", "2", "3", "4"]


@EVERY
def test_what_a_sweep_goes_through_can_be_set(name: str) -> None:
    last = {key: every[-1] for key, every in swept(name).items()}
    made = compose(f"experiment={name}", *(f"{key}={value}" for key, value in last.items())).as_dict()
    assert {key: str(reduce(getitem, key.split("."), made)) for key in last} == last


def test_three_leads_differ_from_twelve_in_the_leads_alone() -> None:
    three, twelve = (experiment(name).as_dict() for name in ("mi_3lead", "mi_12lead"))
    assert different(three, twelve) == {"dataset.leads": (["I", "II", "V2"], list(TWELVE))}
    assert swept("mi_3lead") == swept("mi_12lead")
    made = experiment("mi_3lead")
    assert made.network(inputs=made.data().shapes, n_classes=2).inputs["global"] == (2,)


def test_the_cnn_sees_single_beats_of_lead_ii_under_each_scaling() -> None:
    made = experiment("mi_cnn")
    assert (made.dataset_name, made.model_name) == ("mi", "cnn")
    assert list(made.dataset["leads"]) == ["II"]
    assert made.dataset["segmentation"] == "kaggle"
    assert made.augment["when"] == "never"
    assert swept("mi_cnn")["dataset.scaling"] == ["minmax", "qrs", "mv"]


@pytest.mark.parametrize("scaling", ["minmax", "qrs", "mv"])
def test_each_scaling_makes_beats_of_its_own_of_one_shape(scaling: str) -> None:
    data = compose("experiment=mi_cnn", f"dataset.scaling={scaling}").data()
    assert data.shapes == {"signal": (1, 187)}
    assert getattr(data.segmentation, "scaling", "minmax") == scaling
