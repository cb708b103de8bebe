"""Which inputs speak for the predicted class: the beat's signal, its rhythm, or its neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ecg.beats.features import FEATURES
from ecg.beats.table import MASK, SIGNAL
from ecg.beats.waves import WAVES
from ecg.explain.arrays import Floats, Floats32, Ints
from ecg.explain.maps import STEPS, LogOdds, captum_attr
from ecg.explain.view import View
from ecg.explain.windows import mean_interval
from ecg.models import LayeredModel

OWN, AROUND = "the beat itself", "its neighbours"
COLUMNS = ("class", "input", "of", "share", "low", "high", "beats")
FEATURE_COLUMNS = ("class", "input", "feature", "unit", "meaning", "share")
NAMED = {**FEATURES, **WAVES}
"""What the columns of inputs that are features are; where there are several leads, those of one after the other."""
_BATCH = 32  # beats at once: a window of consecutive beats is as large as all of them


def input_table(
    model: LayeredModel,
    view: View,
    target: Ints,
    y: Ints,
    baseline: Floats32,
    classes: Sequence[str],
    seed: int,
    leads: Sequence[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Share of the evidence by input and class, by integrated gradients over all inputs at once: inputs.csv.

    The way begins at the average beat in place of every signal, and at the beats' mean of every other input.

    Args:
        model: in eval mode.
        view: the beats, whose predicted classes are `target` and whose true ones `y`, shape [beat].
        target: shape [beat].
        y: shape [beat].
        baseline: shape [lead, sample].
        classes: class names.
        seed: of the bootstrap over beats.
        leads: names of the signal's rows.

    Returns:
        A row for each class and input; empty for a model whose only input is the beat's signal. And of inputs that are
        features with names, a row for each class and feature of the beat itself: features.csv.
    """
    rows, named = [], []
    if len(model.inputs) > 1 or model.beats > 1:
        parts, features = _evidence(model, view, target, baseline)
        total = np.maximum(sum(parts.values()), np.finfo(np.float64).tiny)
        for c in np.unique(y):
            for (name, of), size in parts.items():
                if not size.any():  # the signal of a model that does not take it
                    continue
                share = (size / total)[y == c]
                mean, low, high = mean_interval(share, np.random.default_rng(seed))
                rows.append((classes[c], name, of, mean, low, high, len(share)))
            for name, sizes in features.items():
                shares = (sizes / total[:, None])[y == c].mean(axis=0)
                known = NAMED[name]
                each = len(leads) > 1 and len(shares) == len(leads) * len(known)
                for i, share in enumerate(shares.tolist()):
                    one = known[i % len(known)]
                    said = f"{leads[i // len(known)]} {one.name}" if each else one.name
                    named.append((classes[c], name, said, one.unit, one.meaning, share))
    return pd.DataFrame(rows, columns=[*COLUMNS]), pd.DataFrame(named, columns=[*FEATURE_COLUMNS])


class _OfAllInputs(LogOdds):
    """The same log-odds; the gradient of an input that no layer takes is zero, not missing."""

    def forward(self, signal: Tensor, *rest: Tensor) -> Tensor:
        """Log-odds of shape [beat, class]."""
        taken = [x.flatten(1).sum(dim=1, keepdim=True) for x in (signal, *rest) if x.is_floating_point()]
        return super().forward(signal, *rest) + 0 * sum(taken)


def _evidence(
    model: LayeredModel, view: View, target: Ints, baseline: Floats32
) -> tuple[dict[tuple[str, str], Floats], dict[str, Floats]]:
    """Absolute evidence of each input, shape [beat], of the beat itself and of its neighbours; and of named features.

    The second has the shape [beat, feature], of the beat itself.
    """
    method = captum_attr().IntegratedGradients(_OfAllInputs(model))
    names = [SIGNAL, *(name for name in view.rest if name != MASK)]  # nothing leads to the mask gradually
    found: defaultdict[tuple[str, str], list[Tensor]] = defaultdict(list)
    features: defaultdict[str, list[Tensor]] = defaultdict(list)
    axes = 0 if model.beats == 1 else (0, 1)
    means = {name: view.rest[name].mean(axis=axes) for name in names if name != SIGNAL} | {SIGNAL: baseline}
    labels = torch.split(torch.from_numpy(target), _BATCH)
    for some, its in zip(view.parts(_BATCH), labels, strict=True):
        given, more = some[: len(names)], some[len(names) :] or None  # the mask comes last
        start = tuple(torch.from_numpy(means[name]).expand_as(x).clone() for name, x in zip(names, given, strict=True))
        how = {"target": its, "baselines": start, "additional_forward_args": more, "n_steps": STEPS}
        by_input = method.attribute(given, internal_batch_size=8 * _BATCH, **how)
        for place, (name, values) in enumerate(zip(names, by_input, strict=True)):
            beats = model.beats if place else 1  # the beat's own signal comes first, as an input of its own
            size = values.detach().abs().reshape(len(values), beats, -1).sum(dim=2)
            own = size[:, beats // 2]
            if name in NAMED and values.shape[-1] % len(NAMED[name]) == 0:
                features[name].append(values.detach().abs().reshape(len(values), beats, -1)[:, beats // 2])
            if place == 0 or name != SIGNAL:
                found[name, OWN].append(own)
            if beats > 1:
                found[name, AROUND].append(size.sum(dim=1) - own)
    joined = {key: torch.cat(sizes).double().numpy() for key, sizes in found.items()}
    return joined, {name: torch.cat(sizes).double().numpy() for name, sizes in features.items()}
