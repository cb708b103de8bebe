"""conf/ fits its schemas, and every wrong setting ends in one message that names the key and the choices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import ecg
from ecg.config import RunConfig
from ecg.config.compose import SCHEMAS, as_dict, load, register, resumed, save, typed
from ecg.config.messages import explain
from ecg.errors import EcgError

CONF = Path(ecg.__file__).parents[1] / "conf"
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
FILES = sorted(path.relative_to(CONF).with_suffix("").as_posix() for path in CONF.glob("*/*.yaml"))


@pytest.fixture(autouse=True)
def _hydra() -> Iterator[None]:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        yield


def config(*overrides: str) -> RunConfig:
    return typed(compose("config", list(overrides)))


def message(*overrides: str) -> str:
    """What a person reads for wrong settings."""
    with pytest.raises((EcgError, HydraException, OmegaConfBaseException, ValueError)) as caught:
        config(*overrides)
    told = explain(caught.value)
    assert told is not None
    return told


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of a YAML file that has a value, with its path."""
    for key, value in node.items():
        if isinstance(value, DictConfig):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def given(file: str) -> dict[tuple[str, ...], Any]:
    """What a file of conf/ sets, by path from the top."""
    group = file.split("/")[0]
    stored = OmegaConf.load(CONF / f"{file}.yaml")
    assert isinstance(stored, DictConfig)
    top = () if group == "experiment" else (group,)
    return {(*top, *path): value for path, value in leaves(stored) if path[0] not in ("defaults", "hydra")}


def test_conf_has_the_groups_that_are_tested_here() -> None:
    assert {"dataset", "model", "trainer", "tracking", "experiment"} <= set(GROUPS)
    assert len(FILES) >= 10


def test_the_default_configuration_is_complete() -> None:
    made = config()
    assert made.name == "arrhythmia-cnn-seed0"
    assert not OmegaConf.missing_keys(OmegaConf.structured(made))


@pytest.mark.parametrize("file", FILES)
def test_every_file_composes_and_what_it_says_is_what_a_run_gets(file: str) -> None:
    group, name = file.split("/")
    made = config(f"{group}={name}")
    assert isinstance(made, RunConfig)
    for path, value in given(file).items():
        found: Any = made
        for part in path:
            assert part in [f.name for f in fields(found)], f"{'.'.join(path)} has no schema"
            found = getattr(found, part)
        assert found == value


@pytest.mark.parametrize("file", [f for f in FILES if not f.startswith("experiment")])
def test_every_file_starts_from_a_schema(file: str) -> None:
    group = file.split("/")[0]
    defaults = list(OmegaConf.load(CONF / f"{file}.yaml").defaults)
    assert any((group, name) in SCHEMAS for name in defaults)


def test_every_group_but_experiments_has_a_schema_and_every_schema_a_file() -> None:
    assert {group for group, _ in SCHEMAS if group} == set(GROUPS) - {"experiment"}
    used = {(f.split("/")[0], name) for f in FILES for name in OmegaConf.load(CONF / f"{f}.yaml").defaults}
    assert {key for key in SCHEMAS if key[0]} <= {pair for pair in used if isinstance(pair[1], str)}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=lambda s: s.__name__)
def test_every_key_of_a_schema_is_reachable_by_its_name_or_documented(schema: Any) -> None:
    assert is_dataclass(schema)
    assert schema.__doc__


@pytest.mark.parametrize(
    ("override", "choices"),
    [
        ("dataset.source=disk", "physionet, kaggle, synthetic"),
        ("dataset.cut=papr", "kaggle, paper"),
        ("dataset=mi dataset.source=disk", "physionet, ptb-xl, both, kaggle, synthetic"),
        ("dataset=mi dataset.split=kaggle", "auto, patients, folds, beats"),
        ("dataset.split=random", "auto, kaggle, beats, patients"),
        ("trainer.loss.name=mse", "cross_entropy, weighted, focal"),
        ("trainer.optimizer.name=lion", "adam, adamw, rmsprop, sgd"),
        ("trainer.schedule.name=cosine", "one_cycle, plateau, constant"),
        ("trainer.precision=64", "auto, 32-true, bf16-mixed, 16-mixed"),
        ("trainer.accelerator=tpu", "auto, cpu, gpu, mps"),
        ("trainer.strategy=fsdp", "auto, ddp"),
        ("trainer.monitor=loss", "val/macro_f1, val/balanced_accuracy, val/accuracy, val/loss"),
        ("tracking.mode=on", "auto, online, offline, disabled"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(override: str, choices: str) -> None:
    assert message(*override.split()) == f"{override.split()[-1]}: choose one of {choices}"


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("model.dropout=2", "from 0 to 1 (not included)"),
        ("model.dropout=-0.1", "from 0 to 1 (not included)"),
        ("seed=-1", "from 0 to 2147483647"),
        ("bootstrap=-1", "from 0 to"),
        ("trainer.epochs=0", "at least 1"),
        ("trainer.devices=0", "at least 1"),
        ("trainer.batch_size=1", "at least 2"),
        ("trainer.limit_batches=0", "at least 1"),
        ("trainer.patience=0", "at least 1"),
        ("trainer.ema_decay=1", "from 0 (not included) to 1 (not included)"),
        ("trainer.gradient_clip=0", "more than 0"),
        ("trainer.optimizer.lr=0", "from 0 (not included) to 10"),
        ("trainer.optimizer.lr=nan", "from 0 (not included) to 10"),
        ("trainer.optimizer.momentum=1", "from 0 to 1 (not included)"),
        ("trainer.schedule.factor=1", "from 0"),
        ("trainer.loss.focal_gamma=-1", "from 0 to 10"),
        ("trainer.augment.stretch=0.6", "from 0 to 0.5"),
        ("dataset.val_fraction=0", "from 0 (not included) to 0.5"),
        ("dataset.test_fraction=1", "from 0 (not included) to 0.9"),
        ("dataset.paper.threshold=1", "from 0 (not included) to 1 (not included)"),
        ("dataset.synthetic.patients=2", "from 3 to"),
        ("dataset=mi dataset.min_likelihood=-1", "from 0 to 100"),
        ("dataset=mi dataset.beats_per_patient=0", "at least 1"),
        ("dataset=mi dataset.train_fraction_of_patients=2", "from 0 (not included) to 1"),
        ("dataset=mi dataset.folds.index=5", "from 0 to 4"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(override: str, wanted: str) -> None:
    told = message(*override.split())
    assert told.startswith(f"{override.split()[-1]}: must be ")
    assert wanted in told


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("datset=mi", ["datset", "did you mean dataset?"]),
        ("model=cn", ["model=cn", "did you mean cnn?", "cnn, kachuee"]),
        ("trainer=tpu", ["trainer=tpu", "cpu, ddp, debug, gpu"]),
        ("experiment=publishd", ["did you mean published?", "quickstart"]),
        ("trainer.epochs=three", ["trainer.epochs=three", "whole number"]),
        ("trainer.epochs=1.5", ["trainer.epochs=1.5", "whole number"]),
        ("trainer.optimizer.lr=fast", ["trainer.optimizer.lr=fast", "a number"]),
        ("trainer.epochs=null", ["trainer.epochs=null", "must"]),
        ("trainer.augment=3", ["trainer.augment", "stretch, gain, noise"]),
        ("tracking.tags=abc", ["tracking.tags=abc", "list"]),
        ("model=null", ["null", "model"]),
        ("dataset.strict_subjects=perhaps", ["dataset.strict_subjects=perhaps", "true or false"]),
        ("model.dropoutt=0.1", ["model.dropoutt", "did you mean model.dropout?"]),
        ("trainer.optimizer.learning_rate=1", ["trainer.optimizer.learning_rate", "lr, weight_decay, momentum"]),
        ("epochs=3", ["epochs", "dataset, model, trainer"]),
        ("+epochs=3", ["epochs", "dataset, model, trainer"]),
        ("+trainer.epoch=3", ["trainer.epoch", "epochs"]),
        ("+trainer.optimizer.beta=3", ["trainer.optimizer.beta", "momentum"]),
        ("model=kachuee model.dropout=0.1", ["model.dropout"]),
    ],
)
def test_a_slip_is_answered_with_the_key_and_the_way_on(override: str, parts: list[str]) -> None:
    told = message(*override.split())
    for part in parts:
        assert part in told
    assert "\n" not in told.strip()
    assert "Traceback" not in told


def test_a_setting_that_cannot_be_read_is_shown() -> None:
    assert "trainer.epochs" in message("trainer.epochs")


def test_a_bug_has_no_message_and_keeps_its_trace() -> None:
    assert explain(ZeroDivisionError("x")) is None


def test_a_file_error_names_the_file() -> None:
    assert "/nowhere/x: Permission denied" in (explain(PermissionError(13, "Permission denied", "/nowhere/x")) or "")


@pytest.mark.parametrize("overrides", [[], ["experiment=published"], ["model=kachuee", "tracking.tags=[a,b]"]])
def test_a_saved_configuration_is_loaded_as_it_was(tmp_path: Path, overrides: list[str]) -> None:
    made = config(*overrides)
    save(made, tmp_path / "config.yaml")
    assert load(tmp_path / "config.yaml") == made


def test_a_folder_without_a_configuration_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=rf"{tmp_path} is no run folder.*config\.yaml"):
        load(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    "content",
    ["", "seed: 0\n", "a list", "- 1\n", "dataset: {name: arrhythmia}\nmodel: {name: transformer}\n", "{half: [\n"],
)
def test_a_damaged_configuration_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(EcgError, match=r"config\.yaml"):
        load(tmp_path / "config.yaml")


def test_a_saved_configuration_with_another_key_or_value_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    save(config(), path)
    whole = path.read_text()
    path.write_text(whole.replace("dropout: 0.3", "dropout: 3.0"))
    with pytest.raises(EcgError, match=r"model\.dropout=3"):
        load(path)
    path.write_text(whole.replace("dropout: 0.3", "dropuot: 0.3"))
    with pytest.raises(EcgError, match="dropuot"):
        load(path)


def test_a_resumed_run_has_its_own_configuration(tmp_path: Path) -> None:
    save(config("seed=7"), tmp_path / "config.yaml")
    assert resumed(config(f"resume={tmp_path}"), [f"resume={tmp_path}"]).seed == 7


def test_a_resumed_run_takes_no_other_settings(tmp_path: Path) -> None:
    save(config(), tmp_path / "config.yaml")
    overrides = [f"resume={tmp_path}", "trainer.epochs=3"]
    with pytest.raises(EcgError, match=r"drop trainer\.epochs=3"):
        resumed(config(*overrides), overrides)


def test_wandb_gets_plain_nested_dictionaries() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return type(value) is dict and all(plain(v) for v in value.values())
        if isinstance(value, list):
            return type(value) is list and all(plain(v) for v in value)
        return type(value) in (str, int, float, bool, type(None))

    made = as_dict(config())
    assert plain(made)
    assert made["trainer"]["optimizer"]["name"] == "adamw"


def test_published_holds_the_settings_of_the_published_study() -> None:
    trainer = config("experiment=published").trainer
    assert (trainer.loss.name, trainer.batch_size, trainer.ema_decay) == ("weighted", 87, None)
    optimizer = trainer.optimizer
    assert (optimizer.name, optimizer.lr, optimizer.weight_decay) == ("rmsprop", 3e-4, 2e-4)
    assert (trainer.schedule.name, trainer.patience is not None) == ("plateau", True)
