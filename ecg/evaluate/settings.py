"""What is evaluated on: the run's own configuration with changes, through the same schemas as training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ecg.config import RunConfig, compose, messages
from ecg.config.checks import one_of
from ecg.config.dataset import PaperCutConfig
from ecg.config.trainer import TrainerConfig
from ecg.errors import EcgError
from ecg.training.folder import RunFolder
from ecg.training.weights import Weights

ALLOWED = ("data_dir", "cache_dir", "bootstrap", "seed")
"""Settings that can be changed beside those of `dataset`."""


def run_around(weights: Path) -> RunFolder | None:
    """The run folder that a weights file belongs to; None for one that stands alone."""
    run = RunFolder(weights.parent)
    return run if run.weights == weights and run.config.is_file() else None


def evaluated_config(weights: Weights, overrides: Sequence[str]) -> RunConfig:
    """The configuration of the weights' run, or what the weights say of themselves, with `overrides`.

    Args:
        weights: to be evaluated.
        overrides: as for train.py, e.g. `dataset.split=patients`.

    Raises:
        EcgError: an override that is wrong, or that would change more than the beats; a cut that the weights do not
            know.
    """
    run = run_around(weights.path)
    config = _changed(compose.load(run.config) if run else _from_weights(weights), overrides)
    if config.dataset.build_cut() != weights.cut:
        raise EcgError(
            f"dataset.cut={config.dataset.cut}: these weights know beats of {weights.cut} only; leave dataset.cut and "
            "dataset.paper as they were, or choose weights that were trained on this cut"
        )
    return config


def _from_weights(weights: Weights) -> RunConfig:
    """The dataset that a weights file names; what it does not say is as in the schemas."""
    info, cut = weights.info, weights.cut
    one_of(f"{weights.path}: dataset", info.dataset, _names("dataset"))
    paper = {f.name: getattr(cut, f.name) for f in fields(PaperCutConfig) if hasattr(cut, f.name)}
    dataset = compose.SCHEMAS["dataset", f"{info.dataset}_schema"](
        source=info.source, split=info.split, cut=info.cut, paper=PaperCutConfig(**paper)
    )
    model = compose.SCHEMAS["model", f"{weights.settings['name']}_schema"](**weights.settings)
    return RunConfig(dataset=dataset, model=model, trainer=TrainerConfig(), seed=int(weights.training.get("seed") or 0))


def _changed(config: RunConfig, overrides: Sequence[str]) -> RunConfig:
    try:
        for override in OverridesParser.create().parse_overrides(list(overrides)):
            config = _with(config, override)
    except (HydraException, OmegaConfBaseException) as error:
        raise EcgError(messages.explain(error) or str(error)) from None
    return config


def _with(config: RunConfig, override: Override) -> RunConfig:
    key, value = override.key_or_group, override.value()
    if override.is_delete() or override.is_sweep_override() or override.package is not None:
        raise EcgError(f"{override.input_line}: ecg evaluate takes one value for each key, e.g. dataset.split=patients")
    if key == "dataset":
        one_of("dataset", str(value), _names("dataset"))
        schema = compose.SCHEMAS["dataset", f"{value}_schema"]
        return replace(config, dataset=schema(cut=config.dataset.cut, paper=config.dataset.paper))
    if key not in ALLOWED and not key.startswith("dataset."):
        raise EcgError(
            f"{override.input_line}: ecg evaluate changes only dataset.*, {', '.join(ALLOWED)}; "
            "the model and its training are the weights' own"
        )
    node = cast(DictConfig, OmegaConf.structured(config))
    OmegaConf.update(node, key, value, merge=True)
    return compose.typed(node)


def _names(group: str) -> list[str]:
    return [name.removesuffix("_schema") for owner, name in compose.SCHEMAS if owner == group]
