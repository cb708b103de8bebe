"""What frozen layers make of every beat, computed once and shared on disk between the jobs of a sweep."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import nn

from ecg.atomic import whole_file
from ecg.errors import EcgError
from ecg.progress import track

log = logging.getLogger(__name__)

FORMAT = 1
"""Raised when the same layers and beats would give other features."""


def feature_shape(prefix: nn.Module, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of what `prefix` gives for one beat."""
    prefix.eval()
    with torch.inference_mode():
        return tuple(prefix(torch.zeros(1, *input_shape)).shape[1:])


def cached_features(
    prefix: nn.Module, x: npt.NDArray[np.float32], folder: Path, *, batch_size: int = 1024
) -> tuple[npt.NDArray[np.float32], bool]:
    """The output of `prefix`, in eval mode and float32, for every beat; from `folder` or computed and kept there.

    Args:
        prefix: the frozen layers.
        x: shape [beat, channel, sample].
        folder: where features live, under the digest of the layers' tensors and of the beats.
        batch_size: beats at once.

    Returns:
        Shape [beat, ...], and whether it came from the disk. Parallel jobs wait for the one that computes.

    Raises:
        EcgError: the folder cannot be written or the disk is full; nothing half-written is left.
    """
    shape = (len(x), *feature_shape(prefix, x.shape[1:]))
    path = folder / f"features-{_digest(prefix, x)[:24]}.npy"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if (stored := _load(path, shape)) is not None:
                return stored, True
            features = _compute(prefix, x, batch_size)
            with whole_file(path) as temporary, temporary.open("wb") as handle:
                np.save(handle, features, allow_pickle=False)
    except OSError as error:
        reason = error.strerror or "the disk is full"
        raise EcgError(
            f"cannot keep the features of the frozen layers in {folder}: {reason}; choose another cache_dir=, "
            "or transfer.cache_features=false"
        ) from None
    return features, False


def _compute(prefix: nn.Module, x: npt.NDArray[np.float32], batch_size: int) -> npt.NDArray[np.float32]:
    prefix.eval()
    parts = torch.split(torch.from_numpy(np.ascontiguousarray(x)), batch_size)
    with torch.inference_mode():
        out = [prefix(part) for part in track(parts, "features of the frozen layers", total=len(parts))]
    return np.asarray(torch.cat(out).numpy())


def _load(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32] | None:
    """The features in a whole file of the expected shape, else None."""
    try:
        stored: npt.NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return stored if stored.shape == shape and stored.dtype == np.float32 else None


def _digest(prefix: nn.Module, x: npt.NDArray[np.float32]) -> str:
    total = hashlib.sha256(repr((FORMAT, str(prefix), x.shape)).encode())
    for tensor in prefix.state_dict().values():
        total.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).tobytes())
    total.update(np.ascontiguousarray(x).data)
    return total.hexdigest()
