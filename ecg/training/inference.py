"""Class probabilities of many beats: what testing, explaining and predicting share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ecg.beats.peaks import Index
from ecg.beats.table import Beats
from ecg.data.batches import AT_ONCE, CONNECTED_AT_ONCE, as_tensors, seen
from ecg.data.sequences import Runs
from ecg.models import LayeredModel
from ecg.models.faster import faster
from ecg.models.labeller import Labeller, lengths
from ecg.progress import track
from ecg.training.processor import keep_freed_memory, streams

LABELLED_AT_ONCE = 2 * AT_ONCE
"""Beats at once where zeros behind them are left out: each takes less of a processor's cache."""
LONG = 2 * AT_ONCE
"""Beats of a window, beside its context, where a model takes windows of any length."""
ENOUGH = 4 * AT_ONCE
"""Beats for which it is worth preparing a model for labelling, which takes as long as labelling a hundred or two."""


def probabilities(
    model: LayeredModel,
    beats: Beats,
    *,
    index: Index | None = None,
    doing: str = "labelling beats",
) -> npt.NDArray[np.float32]:
    """Softmax of the model's logits, in float32 whatever the training precision, with the model in eval mode.

    Args:
        model: left in eval mode.
        beats: all of them; a model of consecutive beats sees their neighbours in the same record.
        index: positions of those that are wanted, ascending; None: all.
        doing: text beside the progress bar.

    Returns:
        shape [wanted beat, class].
    """
    keep_freed_memory()
    faster(model.eval())
    wanted = np.arange(len(beats)) if index is None else index
    if model.beats > 1:
        return _of_sequences(model, beats, wanted, doing)
    inputs = {name: torch.from_numpy(np.ascontiguousarray(beats.inputs[name][wanted])) for name in model.inputs}
    labeller = Labeller.of(model) if len(wanted) >= ENOUGH else None
    if labeller is None:
        parts = torch.split(torch.arange(len(wanted)), AT_ONCE)
        found = [_softmax(model, _take(inputs, part)) for part in track(parts, doing, total=len(parts))]
        return torch.cat(found).numpy()
    (signal,) = inputs.values()
    order = lengths(signal).argsort(stable=True)
    chosen = torch.split(order, LABELLED_AT_ONCE)
    with streams() as each:
        labelled = each(lambda part: labeller(signal[part]).softmax(dim=1), chosen)
        together = torch.cat(list(track(labelled, doing, total=len(chosen))))
    out = torch.empty_like(together)
    out[order] = together
    return out.numpy()


@torch.inference_mode()
def _of_sequences(model: LayeredModel, beats: Beats, wanted: Index, doing: str) -> npt.NDArray[np.float32]:
    """Layers that see one beat work on each beat once; the others on windows of what those gave."""
    device = next(model.parameters()).device
    alone = model.alone
    given = model.needed_after(len(alone))
    inputs = as_tensors(beats.inputs, model.inputs)
    long = max(model.beats, LONG + 2 * model.context) if model.any_length else model.beats
    windows = Runs.of(beats.record, np.isin(np.arange(len(beats)), wanted)).tiled(long, model.context)
    used = np.unique(windows.rows[windows.rows >= 0])
    values: dict[str, Tensor] = {}
    flat = all(len(shape) == 1 for shape in model.inputs.values())
    at_once = CONNECTED_AT_ONCE if flat else AT_ONCE
    for start, part in enumerate(torch.split(torch.from_numpy(used), at_once)):
        found = model.run({name: x.to(device) for name, x in _take(inputs, part).items()}, alone)
        for name in given:  # into their place at once: a day of them is not there twice
            one = found[name].cpu()
            whole = values.setdefault(name, torch.empty(len(used), *one.shape[1:], dtype=one.dtype))
            whole[start * at_once : start * at_once + len(part)] = one
    later = model.last(model.names[len(alone) :], {name: tuple(x.shape[1:]) for name, x in values.items()})
    place = np.where(windows.rows >= 0, np.searchsorted(used, windows.rows), windows.rows)
    out = torch.zeros(len(beats), model.n_classes)
    chunks = torch.split(torch.arange(len(windows)), max(AT_ONCE // long, 1))
    for chosen in track(chunks, doing, total=len(chunks)):
        rows = torch.from_numpy(windows.rows)[chosen]
        counted = torch.from_numpy(windows.counted)[chosen]
        several = {name: x.to(device) for name, x in seen(values, torch.from_numpy(place)[chosen]).items()}
        out[rows[counted]] = later(several).float().softmax(dim=-1).cpu()[counted]
    return out[torch.from_numpy(wanted)].numpy()


def _take(inputs: dict[str, Tensor], part: Tensor) -> dict[str, Tensor]:
    return {name: x.index_select(0, part) for name, x in inputs.items()}


@torch.inference_mode()
def _softmax(model: LayeredModel, given: dict[str, Tensor]) -> Tensor:
    """Shape [beat, class], on the processor."""
    device = next(model.parameters()).device
    probability: Tensor = model({name: x.to(device) for name, x in given.items()}).float().softmax(dim=1).cpu()
    return probability
