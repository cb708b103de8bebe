"""What frozen layers make of every beat, computed once and shared on disk between the jobs of a sweep."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import nn

from ecg.atomic import whole_file
from ecg.data.batches import AT_ONCE
from ecg.errors import EcgError
from ecg.progress import track
from ecg.training.memory import keep_freed_memory

log = logging.getLogger(__name__)

FORMAT = 3
"""Raised when the same layers and beats would give other features."""


def feature_shapes(layers: nn.Sequential, input_shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shapes of what each of a chain of layers gives for one beat."""
    shapes, out = [], torch.zeros(1, *input_shape)
    with torch.inference_mode():
        for layer in layers:
            out = layer.eval()(out)
            shapes.append(tuple(out.shape[1:]))
    return shapes


def cached_features(
    layers: nn.Sequential,
    x: npt.NDArray[np.float32],
    folder: Path,
    *,
    also: Collection[int] = (),
    batch_size: int = AT_ONCE,
) -> tuple[npt.NDArray[np.float32], bool]:
    """What a chain of frozen layers gives for every beat, in eval mode; from `folder` or computed and kept there.

    Features of fewer of the layers that are there already are where the computation starts.

    Args:
        layers: the frozen layers, input to output.
        x: shape [beat, channel, sample], float32.
        folder: where features live, under the digest of the beats and of the layers' tensors.
        also: numbers of layers whose features, passed on the way, are kept too: other jobs will ask for them.
        batch_size: beats at once.

    Returns:
        Shape [beat, ...], float32, read from the disk as it is used; and whether it was there before. Parallel jobs
        wait for the one that computes.

    Raises:
        EcgError: the folder cannot be written or the disk is full; nothing half-written is left.
    """
    paths = [folder / f"features-{digest[:24]}.npy" for digest in _digests(layers, x)]
    shapes = [(len(x), *shape) for shape in feature_shapes(layers, x.shape[1:])]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(paths[0].with_suffix(".lock")):
            there = [_load(path, shape) for path, shape in zip(paths, shapes, strict=True)]
            if (stored := there[-1]) is not None:
                return stored, True
            first = next((i for i in reversed(range(len(there))) if there[i] is not None), -1) + 1
            start = x if first == 0 else there[first - 1]
            assert start is not None
            kept = {i: paths[i] for i in range(first, len(layers)) if i + 1 in also or i + 1 == len(layers)}
            _compute(layers, start, first, kept, shapes, batch_size)
            made = _load(paths[-1], shapes[-1])
    except OSError as error:
        reason = error.strerror or "the disk is full"
        raise EcgError(
            f"cannot keep the features of the frozen layers in {folder}: {reason}; choose another cache_dir=, "
            "or transfer.cache_features=false"
        ) from None
    assert made is not None
    return made, False


def _compute(
    layers: nn.Sequential,
    start: npt.NDArray[np.float32],
    first: int,
    kept: dict[int, Path],
    shapes: Sequence[tuple[int, ...]],
    batch_size: int,
) -> None:
    """Pass all beats through the layers from number `first` on, and write what those in `kept` give."""
    keep_freed_memory()
    with ExitStack() as files, torch.inference_mode():
        handles = {i: _opened(files, path, shapes[i]) for i, path in kept.items()}
        for at in track(range(0, len(start), batch_size), "features of the frozen layers"):
            out = torch.from_numpy(np.array(start[at : at + batch_size]))
            for i in range(first, len(layers)):
                out = layers[i](out)
                if i in handles:
                    handles[i].write(np.ascontiguousarray(out.numpy()).data)


def _opened(files: ExitStack, path: Path, shape: tuple[int, ...]) -> BinaryIO:
    """A .npy file with its header, to be filled beat by beat: all features at once need not fit into memory."""
    handle = files.enter_context(files.enter_context(whole_file(path)).open("wb"))
    np.lib.format.write_array_header_1_0(handle, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return handle


def _load(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32] | None:
    """The features in a whole file of the expected shape, else None."""
    try:
        stored: npt.NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return stored if stored.shape == shape and stored.dtype == np.float32 else None


def _digests(layers: nn.Sequential, x: npt.NDArray[np.float32]) -> list[str]:
    """One for each layer: of the beats, and of all layers up to it."""
    total = hashlib.sha256(repr((FORMAT, x.shape)).encode())
    total.update(np.ascontiguousarray(x).data)
    found = []
    for layer in layers:
        total.update(str(layer).encode())
        for tensor in layer.state_dict().values():
            total.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
        found.append(total.hexdigest())
    return found
