"""Maps of a beat that say which samples speak for a class: integrated gradients, Grad-CAM and HiResCAM, by captum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecg.errors import EcgError
from ecg.explain.activations import TimeAxis
from ecg.models import LayeredModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Log-odds of shape [beat, class] for beats of shape [beat, channel, sample]."""
        logits = self.model(x)
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


def log_odds(model: LayeredModel, x: npt.NDArray[np.float32]) -> Floats:
    """Log-odds of every class, shape [beat, class]."""
    with torch.inference_mode():
        parts = [LogOdds(model)(part) for part in torch.split(torch.from_numpy(np.ascontiguousarray(x)), _BATCH)]
    return np.asarray(torch.cat(parts).double().numpy())


def integrated_gradients(
    model: LayeredModel,
    x: npt.NDArray[np.float32],
    target: Ints,
    baseline: npt.NDArray[np.float32],
    *,
    steps: int = STEPS,
) -> Floats:
    """How much each sample adds to the log-odds of `target`, compared with the baseline beat.

    The values of a beat add up to its log-odds minus the baseline's (Sundararajan et al. 2017, arXiv 1703.01365).

    Args:
        model: in eval mode.
        x: shape [beat, channel, sample].
        target: shape [beat], the class in question.
        baseline: shape [channel, sample].
        steps: points between the baseline and the beat that gradients are taken at.

    Returns:
        shape [beat, sample], summed over channels; positive speaks for the class.
    """
    method = captum_attr().IntegratedGradients(LogOdds(model))
    base = torch.from_numpy(np.ascontiguousarray(baseline))[None]
    inputs = torch.split(torch.from_numpy(np.ascontiguousarray(x)), _BATCH)
    targets = torch.split(torch.from_numpy(target), _BATCH)
    parts = [
        method.attribute(a, baselines=base, target=b, n_steps=steps, internal_batch_size=_BATCH).detach()
        for a, b in zip(inputs, targets, strict=True)
    ]
    return np.asarray(torch.cat(parts).sum(dim=1).double().numpy())


def grad_cam(model: LayeredModel, x: npt.NDArray[np.float32], target: Ints, layer: str, axis: TimeAxis) -> Floats:
    """Where `layer` holds evidence for `target`, brought to the input's samples along the layer's time axis.

    Selvaraju et al. 2017 (doi 10.1109/ICCV.2017.74), without the final ReLU, so that evidence against the class
    stays visible.

    Args:
        model: in eval mode.
        x: shape [beat, channel, sample].
        target: shape [beat], the class in question.
        layer: name of a layer that keeps time.
        axis: its time axis.

    Returns:
        shape [beat, sample].
    """
    return _of_layer(captum_attr().LayerGradCam(LogOdds(model), model.layers[layer]), x, target, axis)


def hires_cam(model: LayeredModel, x: npt.NDArray[np.float32], target: Ints, layer: str, axis: TimeAxis) -> Floats:
    """As `grad_cam`, but with each moment's own gradient in place of a channel's mean gradient.

    Draelos and Carin 2020 (arXiv 2011.08891). Grad-CAM's one weight per channel fits networks that average over time
    after their last convolution; those that flatten weigh each moment by itself, and this is their map.
    """
    return _of_layer(captum_attr().LayerGradientXActivation(LogOdds(model), model.layers[layer]), x, target, axis)


def _of_layer(method: Any, x: npt.NDArray[np.float32], target: Ints, axis: TimeAxis) -> Floats:
    """The map of one of captum's layer methods, summed over channels and brought to the input's samples."""
    inputs = torch.split(torch.from_numpy(np.ascontiguousarray(x)), _BATCH)
    targets = torch.split(torch.from_numpy(target), _BATCH)
    coarse = torch.cat([method.attribute(a, target=b).detach() for a, b in zip(inputs, targets, strict=True)])
    samples = np.arange(x.shape[2])
    return np.stack([np.interp(samples, axis.centres, row) for row in coarse.sum(dim=1).double().numpy()])


Explainer = Callable[[LayeredModel, npt.NDArray[np.float32], Ints], Floats]
"""From a model, beats [beat, channel, sample] and classes [beat] to a map [beat, sample]."""


def explainers(
    baseline: npt.NDArray[np.float32], layer: str, axis: TimeAxis, *, steps: int = STEPS
) -> dict[str, Explainer]:
    """All methods, ready to use, by the names in `METHODS`; for the arguments see them."""
    return {
        METHODS[0]: lambda model, x, target: integrated_gradients(model, x, target, baseline, steps=steps),
        METHODS[1]: lambda model, x, target: grad_cam(model, x, target, layer, axis),
        METHODS[2]: lambda model, x, target: hires_cam(model, x, target, layer, axis),
    }
