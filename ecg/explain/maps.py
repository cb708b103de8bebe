"""Maps of a beat that say which samples speak for a class: integrated gradients, Grad-CAM and HiResCAM, by captum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ecg.errors import EcgError
from ecg.explain.activations import TimeAxis
from ecg.explain.arrays import Floats, Floats32, Ints
from ecg.explain.view import OfOneBeat, View
from ecg.models import LayeredModel

STEPS = 32
_BATCH = 128  # beats at once: more fall out of the processor's cache and take longer
METHODS = ("integrated gradients", "Grad-CAM", "HiResCAM")
INSTALL = "ecg explain needs captum; install it with: pip install 'captum>=0.8,<1'"


class LogOdds(nn.Module):
    """A model's evidence for each class in log-odds, log(p / (1 - p)).

    A probability of 99.99 % hardly moves any more, and a single logit may move together with all others; the log-odds
    of a class do neither.
    """

    def __init__(self, model: LayeredModel) -> None:
        super().__init__()
        self.of_one = OfOneBeat(model)

    def forward(self, signal: Tensor, *rest: Tensor) -> Tensor:
        """Log-odds of shape [beat, class]; what is given is in the order of a `View`."""
        logits = self.of_one(signal, *rest)
        n = logits.shape[1]
        others = logits[:, None, :].expand(-1, n, -1).masked_fill(torch.eye(n, dtype=torch.bool), -torch.inf)
        odds: Tensor = logits - others.logsumexp(dim=2)
        return odds


def captum_attr() -> Any:
    """The module `captum.attr`.

    Raises:
        EcgError: captum is not installed; the message has the command that does.
    """
    try:
        from captum import attr
    except ImportError:
        raise EcgError(INSTALL) from None
    return attr


@torch.inference_mode()
def log_odds(model: LayeredModel, view: View) -> Floats:
    """Log-odds of every class, shape [beat, class]."""
    return np.asarray(torch.cat([LogOdds(model)(*part) for part in view.parts(_BATCH)]).double().numpy())


@torch.inference_mode()
def answers(model: LayeredModel, view: View) -> Floats32:
    """Class probabilities, shape [beat, class]."""
    return np.asarray(torch.cat([OfOneBeat(model)(*part).softmax(dim=1) for part in view.parts(_BATCH)]).numpy())


def _evidence(
    method: Any, view: View, target: Ints, own: Callable[[Tensor, int], Tensor] = lambda found, n: found, **how: Any
) -> Floats:
    """What one of captum's methods gives, of that the beats' `own`, summed over channels: shape [beat, position]."""
    classes, found = torch.split(torch.from_numpy(np.ascontiguousarray(target)), _BATCH), []
    for (signal, *rest), its in zip(view.parts(_BATCH), classes, strict=True):
        given = method.attribute(signal, target=its, additional_forward_args=tuple(rest) or None, **how).detach()
        found.append(own(given, len(signal)).sum(dim=1))
    return np.asarray(torch.cat(found).double().numpy())


def integrated_gradients(
    model: LayeredModel, view: View, target: Ints, *, baseline: Floats32, steps: int = STEPS
) -> Floats:
    """How much each sample adds to the log-odds of `target`, compared with the baseline beat in its place.

    The values of a beat add up to its log-odds minus the baseline's (Sundararajan et al. 2017, arXiv 1703.01365).

    Args:
        model: in eval mode.
        view: the beats; all that is not their own signal stays as it is.
        target: shape [beat], the class in question.
        baseline: shape [lead, sample].
        steps: points between the baseline and the beat that gradients are taken at.

    Returns:
        shape [beat, sample], summed over leads; positive speaks for the class.
    """
    method = captum_attr().IntegratedGradients(LogOdds(model))
    start = torch.from_numpy(np.ascontiguousarray(baseline))[None]
    return _evidence(method, view, target, baselines=start, n_steps=steps, internal_batch_size=_BATCH)


def _layer_map(method: Any, model: LayeredModel, view: View, target: Ints, *, layer: str, axis: TimeAxis) -> Floats:
    """Where `layer` holds evidence for `target`, brought to the input's samples along the layer's time axis.

    Args:
        method: one of captum's for layers.
        model: in eval mode.
        view: the beats.
        target: shape [beat], the class in question.
        layer: name of a layer that keeps time.
        axis: its time axis.

    Returns:
        shape [beat, sample], summed over leads.
    """
    of_layer = method(LogOdds(model), model.layers[layer])
    coarse = _evidence(of_layer, view, target, own=OfOneBeat(model).own_of)
    return np.stack([np.interp(np.arange(view.signal.shape[2]), axis.centres, row) for row in coarse])


Explainer = Callable[[LayeredModel, View, Ints], Floats]
"""From a model, what it sees of beats, and classes [beat] to a map [beat, sample]."""
Explainers = Mapping[str, Explainer]


def explainers(baseline: Floats32, layer: str, axis: TimeAxis, *, steps: int = STEPS) -> dict[str, Explainer]:
    """All methods, ready to use, by the names in `METHODS`.

    Grad-CAM (Selvaraju et al. 2017, doi 10.1109/ICCV.2017.74) comes without the final ReLU, so that evidence against
    the class stays visible. HiResCAM (Draelos and Carin 2020, arXiv 2011.08891) has each moment's own gradient in
    place of a channel's mean gradient: one weight per channel fits networks that average over time after their last
    convolution; those that flatten weigh each moment by itself, and this is their map.

    Args:
        baseline: shape [lead, sample], what integrated gradients compare with.
        layer: name of a layer that keeps time, where the other two look.
        axis: its time axis.
        steps: of integrated gradients.
    """
    attr = captum_attr()
    return {
        METHODS[0]: partial(integrated_gradients, baseline=baseline, steps=steps),
        METHODS[1]: partial(_layer_map, attr.LayerGradCam, layer=layer, axis=axis),
        METHODS[2]: partial(_layer_map, attr.LayerGradientXActivation, layer=layer, axis=axis),
    }
