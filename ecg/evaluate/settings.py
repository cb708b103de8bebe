"""What is evaluated on: the run's own configuration with changes, through the same check as training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from ecg.beats.cuts import PaperCut
from ecg.config import RunConfig
from ecg.config.check import checked
from ecg.config.compose import choices, compose, node
from ecg.config.messages import explain
from ecg.errors import EcgError
from ecg.page.numbers import number
from ecg.runs.run import run_around
from ecg.runs.weights import Weights

ALLOWED = ("data_dir", "cache_dir", "bootstrap", "seed")
"""Settings that can be changed beside those of `dataset`."""


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
    config = _changed(run.config if run is not None else _from_weights(weights), overrides)
    if config.data().cut != weights.cut:
        raise EcgError(
            f"dataset.cut={config.dataset['cut']}: these weights know beats of {weights.cut} only; leave dataset.cut "
            "and dataset.paper as they were, or choose weights that were trained on this cut"
        )
    return config


def _from_weights(weights: Weights) -> RunConfig:
    """The dataset that a weights file names; what it does not say is as in conf/."""
    info, cut = weights.info, weights.cut
    if info.dataset not in choices("dataset"):
        raise EcgError(f"{weights.path}: dataset={info.dataset}: choose one of {', '.join(choices('dataset'))}")
    usual = compose(f"dataset={info.dataset}")
    paper = {"paper": asdict(cut)} if isinstance(cut, PaperCut) else {}
    dataset = {**usual.dataset, "source": info.source, "split": info.split, "cut": info.cut, **paper}
    settings = {key: value for key, value in weights.settings.items() if key != "name"}
    model = {"_target_": f"ecg.models.{weights.settings.get('name')}", **settings}
    return replace(usual, dataset=dataset, model=model, seed=int(number(weights.training.get("seed")) or 0))


def _changed(config: RunConfig, overrides: Sequence[str]) -> RunConfig:
    tree = config.as_dict()
    try:
        for override in OverridesParser.create().parse_overrides(list(overrides)):
            tree = _with(tree, override)
    except HydraException as error:
        raise EcgError(explain(error) or str(error)) from None
    return checked(tree, own=False)


def _with(tree: dict[str, Any], override: Override) -> dict[str, Any]:
    key, value = override.key_or_group, override.value()
    if override.is_delete() or override.is_sweep_override() or override.package is not None:
        raise EcgError(f"{override.input_line}: ecg evaluate takes one value for each key, e.g. dataset.split=patients")
    if key == "dataset":
        if value not in choices("dataset"):
            raise EcgError(f"dataset={value}: choose one of {', '.join(choices('dataset'))}")
        same = {name: tree["dataset"][name] for name in ("cut", "paper") if name in tree["dataset"]}
        return {**tree, "dataset": {**node("dataset", str(value)), **same}}
    if key not in ALLOWED and not key.startswith("dataset."):
        raise EcgError(
            f"{override.input_line}: ecg evaluate changes only dataset.*, {', '.join(ALLOWED)}; "
            "the model and its training are the weights' own"
        )
    changed = OmegaConf.create(tree)
    OmegaConf.update(changed, key, value, merge=True, force_add=True)
    return cast(dict[str, Any], OmegaConf.to_container(changed))
