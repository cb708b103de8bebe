"""Hydra's side of the configuration: schemas registered, results of composing converted, saved and loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from ecg.atomic import whole_file
from ecg.config.dataset import ArrhythmiaConfig, MIConfig
from ecg.config.model import CnnConfig, KachueeConfig
from ecg.config.root import RunConfig, run_name
from ecg.config.tracking import TrackingConfig
from ecg.config.trainer import TrainerConfig
from ecg.config.transfer import TransferConfig
from ecg.errors import EcgError

SCHEMAS: dict[tuple[str | None, str], Any] = {
    (None, "run_schema"): RunConfig,
    ("dataset", "arrhythmia_schema"): ArrhythmiaConfig,
    ("dataset", "mi_schema"): MIConfig,
    ("model", "cnn_schema"): CnnConfig,
    ("model", "kachuee_schema"): KachueeConfig,
    ("trainer", "trainer_schema"): TrainerConfig,
    ("transfer", "transfer_schema"): TransferConfig,
    ("tracking", "tracking_schema"): TrackingConfig,
}
"""Every schema by group and name; a YAML file in conf/<group>/ starts from one of them."""


def register() -> None:
    """Make the schemas known to Hydra, and the resolver that gives a resumed run its own folder again."""
    store = ConfigStore.instance()
    for (group, name), schema in SCHEMAS.items():
        store.store(group=group, name=name, node=schema)
    OmegaConf.register_new_resolver("ecg.folder", _folder, replace=True)
    OmegaConf.register_new_resolver("ecg.name", _name, replace=True)


def _folder(fresh: str, resume: str | None) -> str:
    """The folder to resume, or the fresh one."""
    return resume or fresh


def _name(dataset: str, model: str, layers: int | None, source: str | None, seed: int) -> str:
    """The run's name, before its configuration is typed."""
    return run_name(dataset, model, TransferConfig(trainable_layers=layers, source=source), seed)


def typed(config: DictConfig) -> RunConfig:
    """Convert a composed configuration once and for all.

    Raises:
        EcgError: a value is out of range; the message names the key and the valid choices.
    """
    converted = cast(RunConfig, OmegaConf.to_object(config))
    _no_extra_keys(cast(dict[str, Any], OmegaConf.to_container(config)), converted)
    return converted


def _no_extra_keys(given: dict[str, Any], converted: Any, path: str = "") -> None:
    """Refuse keys that `+key=value` put in beside the schemas'."""
    known = [field.name for field in fields(converted)]
    for key, value in given.items():
        if key not in known:
            raise EcgError(f"unknown key {path}{key}: keys{' of ' + path[:-1] if path else ''}: {', '.join(known)}")
        if is_dataclass(getattr(converted, key)):
            _no_extra_keys(value, getattr(converted, key), f"{path}{key}.")


def save(config: RunConfig, path: Path) -> None:
    """Write the configuration, resolved, as YAML."""
    with whole_file(path) as temporary:
        OmegaConf.save(OmegaConf.structured(config), temporary)


def load(path: Path) -> RunConfig:
    """Read what `save` wrote, against the schemas.

    Raises:
        EcgError: no such file, or it does not fit the schemas.
    """
    if not path.is_file():
        raise EcgError(f"{path.parent} is no run folder: it has no {path.name}")
    try:
        stored = cast(DictConfig, OmegaConf.load(path))
        parts = {group: _schema(group, stored[group].name) for group in ("dataset", "model")}
        base = OmegaConf.structured(RunConfig(**{g: s() for g, s in parts.items()}, trainer=TrainerConfig()))
        return typed(cast(DictConfig, OmegaConf.merge(base, stored)))
    except EcgError:
        raise
    except Exception as error:
        raise EcgError(f"{path} does not fit this version of ecg: {str(error).splitlines()[0]}") from None


def _schema(group: str, name: str) -> Any:
    return SCHEMAS[(group, f"{name}_schema")]


def as_dict(config: RunConfig) -> dict[str, Any]:
    """The configuration as nested plain dictionaries, for W&B."""
    return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.structured(config), resolve=True))


def resumed(config: RunConfig, overrides: Sequence[str]) -> RunConfig:
    """The configuration of the run that `config.resume` names.

    Args:
        config: as composed, with `resume` set.
        overrides: what the user typed.

    Raises:
        EcgError: no run folder, or other settings were given: a resumed run keeps its own.
    """
    assert config.resume is not None
    others = [o for o in overrides if not o.lstrip("+").startswith("resume=")]
    if others:
        raise EcgError(
            f"resume= continues a run with its own configuration; drop {' '.join(others)}, "
            "or start a new run without resume="
        )
    return load(Path(config.resume) / "config.yaml")
