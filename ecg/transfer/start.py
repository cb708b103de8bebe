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

from ecg.beats.table import shapes_of
from ecg.data.batches import CONNECTED_AT_ONCE
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.models.faster import faster
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
    faster(model)  # as it will learn, so that features are the same computed beforehand or then
    loaded = None
    if source is not None:
        check_source(source, model=name, data=data)
        kept = trained[:-1] if rule.init == "source" else ()
        loaded = load_layers(model, source, (*frozen, *kept))
    if rule.reestimate_batchnorm:
        inputs = {one: torch.from_numpy(data.beats.inputs[one][data.split.train]) for one in model.inputs}
        count = reestimate_batchnorm(model, inputs)
        log.info("%d BatchNorm layers: statistics counted anew on the training beats", count)
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
    size = _megabytes(model, data, _once(model, frozen))
    if size > rule.cache_limit_mb:
        log.warning(
            "features of frozen layers would take %.0f MB, over transfer.cache_limit_mb=%g: computed batch by batch",
            size,
            rule.cache_limit_mb,
        )
        return False
    return bool(_once(model, frozen))


def _once(model: LayeredModel, frozen: Sequence[str]) -> int:
    """How many of the frozen layers are computed once: those that work on one beat at a time."""
    return min(len(frozen), len(model.alone))


def _megabytes(model: LayeredModel, data: BeatData, n: int) -> float:
    """Size of what the first n layers give, for all beats, to those behind."""
    shapes = feature_shapes(model, model.names[:n])
    sizes = [int(np.prod(shapes[name])) for name in model.needed_after(n) if name in model.layers]
    return len(data.beats) * sum(sizes) * 4 / 1e6


def _over_features(model: LayeredModel, data: BeatData, rule: Transfer, cache: Path, sweep: Sequence[int]) -> Start:
    """The last layers as a model of their own, with the frozen layers' output as its data."""
    frozen, _ = model.divide(rule.k)
    n = _once(model, frozen)
    others = {min(len(model.names) - k, len(model.alone)) for k in sweep}
    also = [i for i in range(1, n) if i in others and _megabytes(model, data, i) <= rule.cache_limit_mb]
    inputs = {name: data.beats.inputs[name] for name in model.inputs}
    features, stored = cached_features(model, n, inputs, cache / "features", also=also)
    log.info(
        "features of %d frozen layers: %s, %s",
        n,
        ", ".join(f"{name} {'x'.join(map(str, x.shape[1:]))}" for name, x in features.items()),
        "from the cache" if stored else "computed once and kept",
    )
    over = copy.copy(data)
    over.inputs = features
    last = model.last(model.names[n:], shapes_of(features))
    over.serve(last)
    if not any(isinstance(part, nn.Conv1d) for part in last.modules()):
        over.at_once = CONNECTED_AT_ONCE
    return Start(model, last, over, frozen[n:], facts={"transfer/features_stored": stored})


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
