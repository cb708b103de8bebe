"""What a run's checkpoints hold: the best weights, and where an interrupted run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch

from ecg.errors import EcgError
from ecg.runs.folder import RunFolder
from ecg.runs.weights import require_finite

NEEDED = ("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers", "loops", "callbacks")
"""What Lightning reads of a checkpoint that training goes on from."""


class ResumePoint(NamedTuple):
    """A checkpoint to go on from, and the number of whole epochs behind it."""

    path: Path
    epochs: int


def resume_point(folder: RunFolder) -> ResumePoint | None:
    """Where an interrupted run goes on, None where no epoch was finished.

    Raises:
        EcgError: the last checkpoint is damaged.
    """
    path = folder.last_checkpoint
    if not path.is_file():
        return None
    stored = _stored(path)
    if missing := [key for key in NEEDED if key not in stored]:
        raise EcgError(f"{path} is damaged: it has no {missing[0]}; {WITHOUT}")
    epoch = stored["epoch"]
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 0:
        raise EcgError(f"{path} is damaged: its epoch is {epoch!r}; {WITHOUT}")
    return ResumePoint(path, epoch + 1)


def best_weights(folder: RunFolder) -> dict[str, torch.Tensor] | None:
    """The model's tensors in best.ckpt (the averaged ones, where weights were averaged); None if there is none.

    Raises:
        EcgError: it is damaged, or a tensor is not finite.
    """
    return _tensors(folder.best_checkpoint)


def last_weights(folder: RunFolder) -> dict[str, torch.Tensor] | None:
    """The model's tensors in last.ckpt, averaged as those of `best_weights`; None if there is none.

    Raises:
        EcgError: as `best_weights`.
    """
    return _tensors(folder.last_checkpoint)


def _tensors(path: Path) -> dict[str, torch.Tensor] | None:
    if not path.is_file():
        return None
    state = _stored(path).get("state_dict")
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise EcgError(f"{path} is damaged: it holds no tensors; {WITHOUT}")
    found = {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
    require_finite(found, path)
    return found


WITHOUT = "without it, the run begins again from its first epoch"


def _stored(path: Path) -> dict[str, Any]:
    """The content of a checkpoint. It is unpickled as data only: nothing in it is run."""
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can break the unpickler in any way
        raise EcgError(f"{path} is damaged ({type(error).__name__}); {WITHOUT}") from None
    if not isinstance(stored, dict):
        raise EcgError(f"{path} is damaged: it holds no checkpoint; {WITHOUT}")
    return stored
