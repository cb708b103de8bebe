"""What is evaluated on: the run's own configuration with changes, through the same check as training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from ecg.beats.segmentations import settings_of
from ecg.checks import one_of
from ecg.config import RunConfig
from ecg.config.check import checked
from ecg.config.compose import choices, compose, node
from ecg.config.messages import explain
from ecg.config.signature import signature
from ecg.errors import EcgError
from ecg.page.numbers import number
from ecg.recordings.leads import TWELVE
from ecg.runs.run import run_around
from ecg.runs.weights import Weights
from ecg.targets import locate

ALLOWED = ("data_dir", "cache_dir", "bootstrap", "seed")
"""Settings that can be changed beside those of `dataset`."""


def evaluated_config(weights: Weights, overrides: Sequence[str]) -> RunConfig:
    """The configuration of the weights' run, or what the weights say of themselves, with `overrides`.

    Args:
        weights: to be evaluated.
        overrides: as for train.py, e.g. `dataset.split=patients`.

    Raises:
        EcgError: an override that is wrong, or that would change more than the beats; a segmentation that the
            weights do not know.
    """
    run = run_around(weights.path)
    config = run.config if run is not None else _from_weights(weights)
    if typed := [one for one in overrides if one.lstrip("+").startswith("dataset.external")]:
        raise EcgError(f"{typed[0]}: ecg evaluate tests dataset.databases; evaluate each in a call of its own")
    theirs = ("mixture", "external")  # what adds to training alone, and what is tested beside it
    only_theirs = {key: value for key, value in config.dataset.items() if key not in theirs}
    config = _changed(replace(config, dataset=only_theirs), overrides)
    if config.data().segmentation != weights.segmentation:
        known = f"these weights know beats of {weights.segmentation} only"
        ways = "leave dataset.segmentation as it was, or choose weights that were trained on this segmentation"
        raise EcgError(f"dataset.segmentation={config.dataset['segmentation']}: {known}; {ways}")
    return config


def check_leads(known: Sequence[str], given: Sequence[str], *, many: bool) -> None:
    """Refuse to show weights of several leads other ones, or these in another order.

    Names beside the twelve standard ones say nothing of where an electrode was, and are left to the user.

    Args:
        known: the lead of each row of the weights' signal.
        given: the lead of each row of the evaluated signal.
        many: whether the weights see several leads at once.

    Raises:
        EcgError: so it is.
    """
    standard = {name.upper() for name in TWELVE}
    mine, theirs = ([name.upper() for name in names] for names in (known, given))
    named = standard.issuperset(mine) and standard.issuperset(theirs)
    if (many or len(theirs) > 1) and (len(mine) != len(theirs) or (named and mine != theirs)):
        raise EcgError(
            f"dataset.leads=[{', '.join(given)}]: these weights look at {', '.join(known)}"
            f"{' in this order' * (len(known) > 1)}; leave dataset.leads out"
        )


def _from_weights(weights: Weights) -> RunConfig:
    """The dataset that a weights file names; what it does not say is as in conf/."""
    info, segmentation = weights.info, weights.segmentation
    one_of(f"{weights.path}: dataset", info.dataset, choices("dataset"))
    usual = node("dataset", info.dataset)  # not composed: a person's own recordings must be named first
    takes = signature(locate(usual["_target_"], "dataset._target_")).parameters
    said = {key: getattr(info, key) for key in ("source", "split")}
    said |= {"segmentation": settings_of(segmentation), "leads": list(info.wanted)}
    said |= {"databases": list(info.databases)} if info.databases else {}
    own = {key: value for key, value in said.items() if key in takes}
    settings = {key: value for key, value in weights.settings.items() if key != "name"}
    model = {"_target_": f"ecg.models.{weights.settings.get('name')}", **settings}
    seed = int(number(weights.training.get("seed")) or 0)
    return replace(compose(), dataset={**usual, **own}, model=model, seed=seed)


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
        one_of("dataset", str(value), choices("dataset"))
        now = tree["dataset"]
        same = {name: now[name] for name in ("segmentation", "leads") if now.get(name) is not None}
        return {**tree, "dataset": {**node("dataset", str(value)), **same}}
    if key not in ALLOWED and not key.startswith("dataset."):
        own = "the model and its training are the weights' own"
        raise EcgError(f"{override.input_line}: ecg evaluate changes only dataset.*, {', '.join(ALLOWED)}; {own}")
    changed = OmegaConf.create(tree)
    OmegaConf.update(changed, key, value, merge=True, force_add=True)
    return cast(dict[str, Any], OmegaConf.to_container(changed))
