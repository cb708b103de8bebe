"""What frozen layers make of every beat, computed once and shared on disk between the jobs of a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from io import RawIOBase
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import Tensor

from ecg.beats.table import Inputs
from ecg.data.batches import AT_ONCE
from ecg.disk_cache import cache_limit, is_intact, make_room, summed_file
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.progress import track
from ecg.training.processor import keep_freed_memory

FORMAT = 5
"""Raised when the same layers and beats would give other features, or the files another layout."""


def feature_shapes(model: LayeredModel, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Shape for one beat of each input, and of what each of the layers `names` gives, in order."""
    values: dict[str, Tensor] = {name: torch.zeros(1, *shape) for name, shape in model.inputs.items()}
    model.eval()
    with torch.inference_mode():
        return {name: tuple(value.shape[1:]) for name, value in model.run(values, names).items()}


def cached_features(
    model: LayeredModel,
    n: int,
    inputs: Inputs,
    folder: Path,
    *,
    also: Collection[int] = (),
    batch_size: int = AT_ONCE,
) -> tuple[dict[str, npt.NDArray[np.float32]], bool]:
    """What the first n layers, frozen, give for every beat to the layers behind them; computed once, kept in `folder`.

    What is there already of some of the layers is where the computation starts. A damaged file is named in a warning
    and computed anew. Files that were not used for longest are removed when all take more than their limit, 20 GB or
    four fifths of the environment variable ECG_CACHE_GB.

    Args:
        model: whose first n layers work on one beat at a time; it is put into eval mode.
        n: number of layers.
        inputs: by name, shape [beat, ...], float32.
        folder: where features live, under the digest of the beats and of the layers' tensors.
        also: numbers of layers whose features, passed on the way, are kept too: other jobs will ask for them.
        batch_size: beats at once.

    Returns:
        By name, shape [beat, ...], float32, what the layers behind take: features, read from the disk as they are used,
        and inputs; and whether the features were there before. Parallel jobs wait for the one that computes.

    Raises:
        EcgError: the folder cannot be written or the disk is full, and nothing half-written is left; or ECG_CACHE_GB
            is no number above 0.
    """
    limit = cache_limit("features")
    names = model.names[:n]
    digests = _digests(model, names, inputs)
    paths = {name: folder / f"features-{digests[name][:24]}.npy" for name in names}
    given = model.needed_after(n)
    wanted = {name for name in given if name in paths}
    used = {paths[name] for name in wanted}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(paths[names[0]].with_suffix(".lock")):
            features = {name: _load(paths[name]) for name in wanted}
            stored = all(found is not None for found in features.values())
            while any(found is None for found in features.values()):  # again only if another process made room
                kept = wanted | {name for i in also for name in model.needed_after(i) if name in paths}
                used |= _make(model, names, features, kept, inputs, paths, batch_size)
                features = {name: _mapped(paths[name]) for name in wanted}
    except OSError as error:
        reason = error.strerror or "the disk is full"
        raise EcgError(
            f"cannot keep the features of the frozen layers in {folder}: {reason}; choose another cache_dir=, "
            "or transfer.cache_features=false"
        ) from None
    make_room(folder, "features-*.npy", limit, used)
    there = {name: found for name, found in features.items() if found is not None}
    return {name: there[name] if name in there else inputs[name] for name in given}, stored


def _make(
    model: LayeredModel,
    names: Sequence[str],
    wanted: Mapping[str, npt.NDArray[np.float32] | None],
    kept: Collection[str],
    inputs: Inputs,
    paths: Mapping[str, Path],
    batch_size: int,
) -> set[Path]:
    """Compute what is None of the wanted from the latest that is on disk; return the files used and written."""
    there = {**inputs, **{name: found for name, found in wanted.items() if found is not None}}
    todo = {name for name, found in wanted.items() if found is None}
    open_ = [one for name in todo for one in model.takes[name]]
    while open_:  # from the wanted layers backwards, as far as nothing is on disk
        name = open_.pop()
        if name in there or name in todo:
            continue
        if (found := _load(paths[name])) is not None:
            there[name] = found
        else:
            todo.add(name)
            open_ += model.takes[name]
    order = [name for name in names if name in todo]
    start = {one for name in order for one in model.takes[name] if one not in todo}
    shapes = feature_shapes(model, names)
    written = {name: paths[name] for name in order if name in kept}
    _compute(model, order, {name: there[name] for name in start}, written, shapes, batch_size)
    return {paths[name] for name in start if name in paths} | set(written.values())


def _compute(
    model: LayeredModel,
    order: Sequence[str],
    start: Inputs,
    written: Mapping[str, Path],
    shapes: Mapping[str, tuple[int, ...]],
    batch_size: int,
) -> None:
    """Pass all beats through the layers in `order`, and write what those in `written` give."""
    keep_freed_memory()
    n = len(next(iter(start.values())))
    with ExitStack() as files, torch.inference_mode():
        handles = {name: _opened(files, path, (n, *shapes[name])) for name, path in written.items()}
        for at in track(range(0, n, batch_size), "features of the frozen layers"):
            values = {name: torch.from_numpy(np.array(x[at : at + batch_size])) for name, x in start.items()}
            for name in order:
                model.run(values, (name,))
                if name in handles:
                    handles[name].write(np.ascontiguousarray(values[name].numpy()).data)


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


def _digests(model: LayeredModel, names: Sequence[str], inputs: Inputs) -> dict[str, str]:
    """One for each layer: of its tensors and of all that it takes, down to the beats."""
    found: dict[str, str] = {}
    for name, x in inputs.items():
        total = hashlib.sha256(repr((FORMAT, x.shape)).encode())
        total.update(np.ascontiguousarray(x).data)
        found[name] = total.hexdigest()
    for name in names:
        total = hashlib.sha256(" ".join(found[one] for one in model.takes[name]).encode())
        total.update(str(model.layers[name]).encode())
        for tensor in model.layers[name].state_dict().values():
            total.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
        found[name] = total.hexdigest()
    return found
