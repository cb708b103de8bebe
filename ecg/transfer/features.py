"""What frozen layers make of every beat, computed once and shared on disk between the jobs of a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from io import RawIOBase
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import nn

from ecg.data.batches import AT_ONCE
from ecg.disk_cache import cache_limit, is_intact, make_room, summed_file
from ecg.errors import EcgError
from ecg.progress import track
from ecg.training.memory import keep_freed_memory

FORMAT = 4
"""Raised when the same layers and beats would give other features, or the files another layout."""


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

    Features of fewer of the layers that are there already are where the computation starts. A damaged file is named in
    a warning and computed anew. Files that were not used for longest are removed when all take more than their limit,
    20 GB or four fifths of the environment variable ECG_CACHE_GB.

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
        EcgError: the folder cannot be written or the disk is full, and nothing half-written is left; or ECG_CACHE_GB
            is no number above 0.
    """
    limit = cache_limit("features")
    paths = [folder / f"features-{digest[:24]}.npy" for digest in _digests(layers, x)]
    used = {paths[-1]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(paths[0].with_suffix(".lock")):
            features = _load(paths[-1])
            stored = features is not None
            while features is None:  # a second time only if another process made room right after the first
                used |= _make(layers, x, paths, also, batch_size)
                features = _mapped(paths[-1])
    except OSError as error:
        reason = error.strerror or "the disk is full"
        raise EcgError(
            f"cannot keep the features of the frozen layers in {folder}: {reason}; choose another cache_dir=, "
            "or transfer.cache_features=false"
        ) from None
    make_room(folder, "features-*.npy", limit, used)
    return features, stored


def _make(
    layers: nn.Sequential, x: npt.NDArray[np.float32], paths: Sequence[Path], also: Collection[int], batch_size: int
) -> set[Path]:
    """Compute the last layer's features, from the latest that are on disk; return the files used and written."""
    first, start, used = 0, x, set[Path]()
    for i in reversed(range(len(layers) - 1)):
        if (there := _load(paths[i])) is not None:
            first, start, used = i + 1, there, {paths[i]}
            break
    kept = {i: paths[i] for i in range(first, len(layers)) if i + 1 in also or i + 1 == len(layers)}
    _compute(layers, start, first, kept, feature_shapes(layers, x.shape[1:]), batch_size)
    return used | set(kept.values())


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
        handles = {i: _opened(files, path, (len(start), *shapes[i])) for i, path in kept.items()}
        for at in track(range(0, len(start), batch_size), "features of the frozen layers"):
            out = torch.from_numpy(np.array(start[at : at + batch_size]))
            for i in range(first, len(layers)):
                out = layers[i](out)
                if i in handles:
                    handles[i].write(np.ascontiguousarray(out.numpy()).data)


def _opened(files: ExitStack, path: Path, shape: tuple[int, ...]) -> RawIOBase:
    """A .npy file with its header, to be filled beat by beat: all features at once need not fit into memory."""
    handle = files.enter_context(summed_file(path))
    np.lib.format.write_array_header_1_0(handle, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return handle


def _load(path: Path) -> npt.NDArray[np.float32] | None:
    """The features in an undamaged file, else None."""
    return _mapped(path) if is_intact(path) else None


def _mapped(path: Path) -> npt.NDArray[np.float32] | None:
    """The features in a file, None if another process has removed it."""
    try:
        stored: npt.NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        return None
    return stored


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
