"""conf/ composes into one checked configuration, and each default stands in one place."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import yaml
from omegaconf import DictConfig, OmegaConf

import ecg
from ecg.config import RunConfig
from ecg.config.build import build, dataclass_in
from ecg.config.compose import choices, compose, conf_folder, groups, node, only_resumed
from ecg.config.root import GROUPS
from ecg.config.signature import REQUIRED, signature
from ecg.errors import EcgError
from ecg.models import LayeredModel, RPeakNet
from ecg.targets import locate

CONF = Path(ecg.__file__).parents[1] / "conf"
FILES = sorted(path.relative_to(CONF).with_suffix("").as_posix() for path in CONF.glob("*/*.yaml"))
PARTS = [file for file in FILES if not file.startswith("experiment/")]


NEEDED = {"dataset/own": ("dataset.recordings=somewhere",)}
"""What must be set, since nothing can be its default."""


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key that has a value, with its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def stored(file: str) -> dict[str, Any]:
    """What a file of conf/ says, without its defaults list and Hydra's part."""
    content = yaml.safe_load((CONF / f"{file}.yaml").read_text(encoding="utf-8")) or {}
    return {key: value for key, value in content.items() if key not in ("defaults", "hydra")}


def at(tree: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def test_conf_is_where_the_package_looks_for_it() -> None:
    assert conf_folder() == CONF
    assert set(groups()) == {*GROUPS, "experiment", "hparams_search"}
    assert len(FILES) >= 30


def test_the_default_configuration_is_complete() -> None:
    made = compose()
    assert made.name == "arrhythmia-cnn-seed0"
    assert "???" not in str(made.as_dict())
    assert "${" not in str(made.as_dict())
    assert (made.dataset_name, made.model_name, made.mode) == ("arrhythmia", "cnn", "max")


@pytest.mark.parametrize("file", FILES)
def test_every_file_composes_and_what_it_says_is_what_a_run_gets(file: str) -> None:
    group, name = file.split("/")
    made = compose(f"{group}={name}", *NEEDED.get(file, ())).as_dict()
    top = () if group == "experiment" else (group,)
    for path, value in leaves(stored(file)):
        found = at(made, (*top, *path))
        if isinstance(value, str) and "${" in value:
            assert "${" not in str(found)
        elif isinstance(found, float):
            assert found == float(value)  # YAML 1.1 takes 2e-3 for text
        else:
            assert found == value


PURPOSE = {
    ("augment/none", "when"): "it switches off",
    ("transfer/random", "source"): "it is the control",
    ("transfer/published", "init"): "the published study's",
    ("logger/wandb", "tags"): "an empty list can be added to",
    ("augment/context", "when"): "it was chosen for this segmentation",
    ("labelling/context", "smooth"): "it is more than the largest probability",
    ("labelling/context", "points"): "there is more than one",
}
"""Values of ours that differ from their signature's default, and why."""


def own(file: str) -> list[dict[str, Any]]:
    """Nodes of a file that build something of ours."""
    content = stored(file)
    found = [("", content)] if "_target_" in content else list(content.items())
    return [one for _, one in found if isinstance(one, dict) and str(one.get("_target_", "")).startswith("ecg.")]


def as_written(default: Any) -> Any:
    """A default as YAML holds it."""
    if is_dataclass(default) and not isinstance(default, type):
        return asdict(default)
    return list(default) if isinstance(default, tuple) else default


@pytest.mark.parametrize("file", [file for file in PARTS if own(file)])
def test_what_conf_says_of_our_own_parts_is_their_default(file: str) -> None:
    for one in own(file):
        takes = signature(locate(one["_target_"], file)).parameters
        for name, value in one.items():
            if name == "_target_" or (file, name) in PURPOSE:
                continue
            assert as_written(takes[name].default) == value, name


def test_exceptions_are_exceptions() -> None:
    for file, name in PURPOSE:
        (one,) = own(file)
        assert signature(locate(one["_target_"], file)).parameters[name].default != one[name], (file, name)


def test_what_conf_says_of_a_run_is_its_default() -> None:
    content = stored("config")
    defaults = {field.name: field.default for field in fields(RunConfig)}
    assert {key: defaults[key] for key in content} == content
    assert set(content) == set(defaults) - set(GROUPS)


BUILT = ("dataset", "model", "loss", "augment", "labelling", "transfer", "callbacks")


@pytest.mark.parametrize("file", [file for file in PARTS if file.startswith(BUILT)])
def test_what_a_file_describes_can_be_built(file: str, tmp_path: Path) -> None:
    group, name = file.split("/")
    parts = getattr(compose(f"{group}={name}", f"cache_dir={tmp_path}", *NEEDED.get(file, ())), group)
    inputs = {"signal": (1, 187), "template": (2, 187), "rhythm": (40,), "shape": (55,)}
    inputs |= {"measures": (1, 27), "global": (2,)}
    given = {"class_counts": [3, 2], "inputs": inputs, "input_shape": inputs["signal"], "n_classes": 5}
    for key, one in parts.items() if GROUPS[group].many else [(group, parts)]:
        kind: Any = LayeredModel | RPeakNet if group == "model" else locate(one["_target_"], key)
        assert isinstance(build(one, key, **given), kind)


def test_a_group_that_does_not_stand_for_itself_is_read_as_it_is() -> None:
    assert node("optimizer", "adamw")["_target_"] == "torch.optim.AdamW"
    assert choices("optimizer") == ["adam", "adamw", "rmsprop", "sgd"]


def test_a_resumed_run_takes_no_other_settings() -> None:
    only_resumed(["resume=outputs/x"])
    with pytest.raises(EcgError, match=r"drop trainer\.max_epochs=3 seed=1, or start a new run"):
        only_resumed(["resume=outputs/x", "trainer.max_epochs=3", "seed=1"])


def test_loggers_get_plain_nested_dictionaries() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return type(value) is dict and all(type(k) is str and plain(v) for k, v in value.items())
        if isinstance(value, list):
            return type(value) is list and all(plain(v) for v in value)
        return type(value) in (str, int, float, bool, type(None))

    made = compose("dataset=mi", "callbacks=[default,early_stopping]", "dataset.folds.count=3").as_dict()
    assert plain(made)
    assert made["optimizer"]["_target_"] == "torch.optim.AdamW"
    assert made["dataset"]["folds"] == {"count": 3, "index": 0, "repeat": 0}


def test_published_holds_the_settings_of_the_published_study() -> None:
    made = compose("experiment=published")
    assert made.loss["_target_"] == "ecg.training.WeightedCrossEntropy"
    assert (made.dataset["batch_size"], made.dataset["split"]) == (87, "kaggle")
    optimizer = made.optimizer
    assert (optimizer["_target_"], optimizer["lr"], optimizer["weight_decay"]) == ("torch.optim.RMSprop", 3e-4, 2e-4)
    assert made.scheduler is not None
    assert made.scheduler["_target_"] == "torch.optim.lr_scheduler.ReduceLROnPlateau"
    assert set(made.callbacks) == {"early_stopping"}  # and no average
    stop = made.callbacks["early_stopping"]
    assert stop is not None
    assert (stop["patience"], stop["monitor"], stop["mode"]) == (3, "val/loss", "min")
    assert made.augment["when"] == "never"


def test_the_layer_sweep_runs_the_whole_study() -> None:
    content = OmegaConf.load(CONF / "experiment" / "layer_sweep.yaml")
    assert isinstance(content, DictConfig)
    params = content.hydra.sweeper.params
    assert params["transfer.trainable_layers"] == "1,2,3,4,5,6,7,8"
    assert params["transfer"] == "source,random"
    assert params["seed"] == "0,1,2"
    assert compose("experiment=layer_sweep").dataset_name == "mi"


def test_callbacks_and_loggers_can_be_several_at_once() -> None:
    made = compose(
        "callbacks=[default,early_stopping]",
        "logger=[wandb,csv,tensorboard]",
        "callbacks.early_stopping.patience=7",
        "callbacks.watch._target_=pytorch_lightning.callbacks.LearningRateMonitor",
        "callbacks.watch.logging_interval=step",
        "logger.csv.flush_logs_every_n_steps=5",
        "monitor=val/loss",
    )
    assert set(made.callbacks) == {"ema", "early_stopping", "watch"}
    assert set(made.logger) == {"wandb", "csv", "tensorboard"}
    stop, watch, table = made.callbacks["early_stopping"], made.callbacks["watch"], made.logger["csv"]
    assert stop is not None
    assert (stop["patience"], stop["monitor"], stop["mode"]) == (7, "val/loss", "min")
    assert watch == {"_target_": "pytorch_lightning.callbacks.LearningRateMonitor", "logging_interval": "step"}
    assert table is not None
    assert table["flush_logs_every_n_steps"] == 5


def test_one_callback_or_logger_can_be_left_out() -> None:
    made = compose("callbacks.ema=null", "logger=[wandb,csv]", "logger.csv=null")
    assert (made.callbacks, made.logger["csv"]) == ({"ema": None}, None)
    assert (compose("callbacks=none").callbacks, compose("logger=none").logger) == ({}, {})


SAMPLES: dict[str, Any] = {
    "accelerator": "cpu", "devices": 2, "strategy": "ddp", "precision": "16-mixed", "num_nodes": 2,
    "fast_dev_run": 3, "max_epochs": 7, "min_epochs": 2, "max_steps": 9, "min_steps": 4, "max_time": "00:01:00:00",
    "limit_train_batches": 0.5, "limit_val_batches": 2, "limit_test_batches": 3, "limit_predict_batches": 4,
    "overfit_batches": 0.25, "val_check_interval": 0.5, "check_val_every_n_epoch": 3, "num_sanity_val_steps": 2,
    "log_every_n_steps": 3, "enable_checkpointing": False, "enable_progress_bar": False,
    "enable_model_summary": True, "accumulate_grad_batches": 2, "gradient_clip_val": 1.5,
    "gradient_clip_algorithm": "norm", "deterministic": "warn", "benchmark": True, "inference_mode": False,
    "use_distributed_sampler": False, "profiler": "simple", "detect_anomaly": True, "barebones": True,
    "sync_batchnorm": True, "reload_dataloaders_every_n_epochs": 1,
}  # fmt: skip


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_every_parameter_of_the_trainer_is_accepted(sign: str) -> None:
    takes = inspect.signature(pl.Trainer).parameters
    wanted = {
        name: SAMPLES.get(name, one.default) for name, one in takes.items() if name not in GROUPS["trainer"].given
    }
    assert set(SAMPLES) <= set(wanted)
    usual = {name: value for name, value in stored("trainer/default").items() if value is not None}
    if sign == "+":  # Hydra's own rule: nothing is appended where something is
        wanted = {name: value for name, value in wanted.items() if name not in usual}
    typed = [f"{sign}trainer.{name}={'null' if value is None else value}" for name, value in wanted.items()]
    assert compose(*typed).trainer == {**stored("trainer/default"), **wanted}


def test_a_plus_before_what_is_there_already_says_to_leave_it_out() -> None:
    with pytest.raises(
        EcgError, match=r"'trainer\.max_epochs'. Either remove \+ prefix: 'trainer\.max_epochs=3'"
    ) as told:
        compose("+trainer.max_epochs=3")
    assert str(told.value).isprintable()


def test_a_parameter_of_a_trainer_that_the_run_provides_says_how_it_is_chosen() -> None:
    for name, way in GROUPS["trainer"].given.items():
        for sign in ("", "+"):
            with pytest.raises(EcgError, match=rf"^trainer\.{name} is no setting: ") as told:
                compose(f"{sign}trainer.{name}=x")
            assert str(told.value).endswith(way)


def test_defaults_within_defaults_are_kept_where_one_of_them_is_set() -> None:
    made = compose("dataset=mi", "dataset.synthetic.minutes=1")
    assert made.dataset["synthetic"] == {"patients": 60, "minutes": 1.0, "seed": 0}  # not 40, as in a class of its own


def test_what_is_built_has_the_values_that_were_set(tmp_path: Path) -> None:
    typed = (
        "dataset.source=synthetic",
        "dataset.segmentation={name:paper,rate:100}",
        "dataset.batch_size=7",
        "seed=5",
    )
    made = compose(*typed, f"cache_dir={tmp_path}")
    data = made.data()
    assert (data.segmentation.fs, data.batch_size, data.seed, data.cache) == (100, 7, 5, tmp_path)
    model = compose("model.dropout=0.125").network(inputs={"signal": (1, 187)}, n_classes=3)
    assert model.n_classes == 3
    assert model.head[0].p == 0.125
    assert model.recipe == {"_target_": "ecg.models.cnn", "dropout": 0.125}


def test_dataclasses_are_found_in_annotations() -> None:
    from ecg.data.settings import Folds

    assert dataclass_in(Folds) is dataclass_in(Folds | None) is Folds
    assert dataclass_in(int) is None
    assert signature(Folds).parameters["count"].default is not REQUIRED
