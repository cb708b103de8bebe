"""Hydra's side of the configuration: where conf/ is, its resolvers, and a composed tree checked once and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

import ecg
from ecg.config.check import checked
from ecg.config.root import GROUPS, RunConfig, mode_of, run_name
from ecg.config.signature import signature
from ecg.errors import EcgError
from ecg.targets import locate


def conf_folder() -> Path:
    """The folder of conf/: inside the package where it was installed, beside it in a checkout."""
    package = Path(ecg.__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def register() -> None:
    """Make the resolvers known to Hydra, and that groups take any key: `checked` says which of them exist."""
    # in the struct mode that Hydra puts on everything, a key that a YAML file leaves out would need a + before it
    free = {name: DictConfig({}, flags={"struct": False}) for name in GROUPS}
    ConfigStore.instance().store(name="groups", node=DictConfig(free))
    OmegaConf.register_new_resolver("ecg.folder", lambda fresh, resume: resume or fresh, replace=True)
    OmegaConf.register_new_resolver("ecg.name", run_name, replace=True)
    OmegaConf.register_new_resolver("ecg.mode", mode_of, replace=True)


def read(composed: DictConfig) -> RunConfig:
    """The checked configuration of what Hydra composed.

    Raises:
        EcgError: a key, a type or a choice that does not exist.
    """
    tree = cast(dict[str, Any], OmegaConf.to_container(composed, resolve=True))
    return checked({str(key): _own_keys(str(key), value) for key, value in tree.items()})


def _own_keys(group: str, value: Any) -> Any:
    """A node without what a file of conf/ says for another target than the one that was typed.

    `scheduler._target_=torch.optim.lr_scheduler.StepLR` leaves the keys of the chosen file behind, which nobody typed.
    """
    if group not in GROUPS or not isinstance(value, Mapping) or "_target_" not in value:
        return value
    files = [node(group, name) for name in choices(group)]
    others = [one for one in files if one.get("_target_") != value["_target_"]]
    if len(others) < len(files):
        return value
    takes = signature(locate(value["_target_"], f"{group}._target_"))
    known = {*takes.parameters, *GROUPS[group].extra, "_target_"}
    left = [key for key in value if key not in known and any(one.get(key) == value[key] for one in others)]
    return {key: one for key, one in value.items() if key not in left}


def compose(*overrides: str) -> RunConfig:
    """The configuration that `python train.py` would have with these overrides, for use from Python.

    Raises:
        EcgError: an override that is wrong.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from ecg.config.messages import explain

    register()
    running = GlobalHydra.instance()
    outer, running.hydra = running.hydra, None  # a run may compose another's configuration
    try:
        with initialize_config_dir(config_dir=str(conf_folder()), version_base="1.3"):
            return read(hydra_compose("config", list(overrides)))
    except Exception as error:
        if isinstance(error, EcgError) or (said := explain(error)) is None:
            raise
        raise EcgError(said) from None
    finally:
        running.hydra = outer


def node(group: str, name: str) -> dict[str, Any]:
    """What conf/<group>/<name>.yaml says, where it stands for itself."""
    return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(conf_folder() / group / f"{name}.yaml")))


def choices(group: str) -> list[str]:
    """The files of a group."""
    return sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))


def groups() -> list[str]:
    """The groups of conf/."""
    return sorted(path.name for path in conf_folder().iterdir() if path.is_dir() and any(path.glob("*.yaml")))


def only_resumed(overrides: Sequence[str]) -> None:
    """Refuse settings beside `resume=`: a resumed run keeps its own.

    Raises:
        EcgError: so it is.
    """
    others = [o for o in overrides if not o.startswith("resume=")]
    if others:
        said = f"drop {' '.join(others)}, or start a new run without resume="
        raise EcgError(f"resume= continues a run with its own configuration; {said}")
