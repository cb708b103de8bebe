"""Where a transfer starts from: which layers come from where, which of them learn, and on what."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ecg.data.batches import CONNECTED_AT_ONCE
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.runs.weights import Weights
from ecg.transfer.batchnorm import reestimate_batchnorm
from ecg.transfer.features import cached_features, feature_shapes
from ecg.transfer.loading import Loaded, check_source, load_layers
from ecg.transfer.settings import RANDOM, Transfer

log = logging.getLogger(__name__)


@dataclass
class Start:
    """A model ready to be fitted.

    Attributes:
        model: the whole.
        fitted: what is fitted: the whole model, or its last layers over features. Its layers are the model's own.
        data: batches for `fitted`.
        frozen: names of the layers of `fitted` that must not move.
        facts: for metrics.json.
    """

    model: LayeredModel
    fitted: LayeredModel
    data: BeatData
    frozen: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def prepare_start(
    model: LayeredModel,
    data: BeatData,
    source: Weights | None,
    rule: Transfer,
    *,
    name: str,
    cache: Path,
    augmented: bool,
    sweep: Sequence[int] = (),
) -> Start:
    """Take over the source's layers, freeze all but the last k, and compute what the frozen ones give.

    Args:
        model: with fresh weights; the head keeps them, and so does everything where there is no source.
        data: the new data.
        source: None keeps the frozen layers random (the control).
        rule: how.
        name: of the model.
        cache: folder for features.
        augmented: whether training beats are changed; features cannot be computed once then.
        sweep: the k of all jobs of the sweep; the features that the others need are computed in the same pass.

    Raises:
        EcgError: k is out of range, or the source does not fit.
    """
    frozen, trained = model.divide(rule.k)
    loaded = None
    if source is not None:
        check_source(source, model=name, cut=data.cut, input_shape=data.info.shape)
        kept = trained[:-1] if rule.init == "source" else ()
        loaded = load_layers(model, source, (*frozen, *kept))
    if rule.reestimate_batchnorm:
        x = torch.from_numpy(np.ascontiguousarray(data.beats.x[data.split.train]))
        log.info("%d BatchNorm layers: statistics counted anew on the training beats", reestimate_batchnorm(model, x))
    for layer in frozen:
        model.layers[layer].requires_grad_(False)
    began = time.perf_counter()
    start = (
        _over_features(model, data, rule, cache, sweep)
        if _cacheable(model, data, frozen, rule, augmented)
        else Start(model, model, data, frozen)
    )
    start.facts |= _facts(model, rule, loaded, cached=start.fitted is not model)
    start.facts["time/features_s"] = round(time.perf_counter() - began, 2) if start.fitted is not model else 0.0
    _say(start.facts, loaded)
    return start


def _cacheable(model: LayeredModel, data: BeatData, frozen: tuple[str, ...], rule: Transfer, augmented: bool) -> bool:
    if not frozen or not rule.cache_features:
        return False
    if augmented:
        log.warning(
            "augmentation changes the beats in each epoch, so the frozen layers' features are not computed once; "
            "augment=none makes this faster"
        )
        return False
    size = _megabytes(model, data, frozen)[-1]
    if size > rule.cache_limit_mb:
        log.warning(
            "features of frozen layers would take %.0f MB, over transfer.cache_limit_mb=%g: computed batch by batch",
            size,
            rule.cache_limit_mb,
        )
        return False
    return True


def _megabytes(model: LayeredModel, data: BeatData, names: tuple[str, ...]) -> list[float]:
    """Size of what each of these layers gives for all beats."""
    shapes = feature_shapes(model.first(names), data.info.shape)
    return [len(data.beats) * int(np.prod(shape)) * 4 / 1e6 for shape in shapes]


def _over_features(model: LayeredModel, data: BeatData, rule: Transfer, cache: Path, sweep: Sequence[int]) -> Start:
    """The last layers as a model of their own, with the frozen layers' output as its data."""
    frozen, trained = model.divide(rule.k)
    fit = [size <= rule.cache_limit_mb for size in _megabytes(model, data, frozen)]
    others = {len(model.names) - k for k in sweep}
    also = [n for n in range(1, len(frozen)) if n in others and fit[n - 1]]
    features, stored = cached_features(model.first(frozen), data.beats.x, cache / "features", also=also)
    log.info(
        "features of %d frozen layers: %s each, %s",
        len(frozen),
        "x".join(map(str, features.shape[1:])),
        "from the cache" if stored else "computed once and kept",
    )
    over = copy.copy(data)
    over.inputs = features
    last = model.last(trained, features.shape[1:])
    if not any(isinstance(part, nn.Conv1d) for part in last.modules()):
        over.at_once = CONNECTED_AT_ONCE
    return Start(model, last, over, facts={"transfer/features_stored": stored})


def _facts(model: LayeredModel, rule: Transfer, loaded: Loaded | None, *, cached: bool) -> dict[str, Any]:
    return {
        "transfer/trainable_layers": rule.k,
        "transfer/layers": len(model.names),
        "transfer/features": "source" if loaded else RANDOM,
        "transfer/init": rule.init,
        "transfer/frozen": sum(p.numel() for p in model.parameters() if not p.requires_grad),
        "transfer/matched_tensors": len(loaded.matched) if loaded else 0,
        "transfer/cached": cached,
    }


def _say(facts: dict[str, Any], loaded: Loaded | None) -> None:
    """Tell what matched, what is frozen and what learns."""
    if loaded:
        log.info("source: %d tensors matched, %d left behind", len(loaded.matched), len(loaded.left))
    log.info(
        "last %d of %d layers learn; %s parameters are frozen",
        facts["transfer/trainable_layers"],
        facts["transfer/layers"],
        f"{facts['transfer/frozen']:,}",
    )
