"""What is explained: a model, its relatives, and the beats that it did not train on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.table import Beats
from ecg.config import RunConfig, compose
from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.training.folder import RunFolder, read_json
from ecg.training.weights import Weights, load_weights, weights_file

FEWEST = 20
"""Test beats below which nothing is explained."""


@dataclass(frozen=True)
class Subject:
    """A trained model with its data.

    Attributes:
        name: of its run.
        weights: the model and what is known of it.
        others: runs that differ in their seed, by name.
        source: the model that this one was transferred from; None for a model trained from scratch.
        source_note: why a transferred model's source is not compared; empty where it is, or where there is none.
        info: of the data.
        train: beats that the model trained on.
        test: beats that neither the model nor `others` trained on.
    """

    name: str
    weights: Weights
    others: dict[str, Weights]
    source: Weights | None
    source_note: str
    info: DataInfo
    train: Beats
    test: Beats


def load_subject(runs: Sequence[Path], *, dataset_from: Path | None = None, data_dir: Path | None = None) -> Subject:
    """Read the runs and their data.

    Args:
        runs: run folders or weights files; the first is explained, the others are its other seeds.
        dataset_from: the run folder whose dataset is used; by default the first run's own.
        data_dir: holds mitdb/ and so on; by default as the run's configuration says.

    Raises:
        EcgError: unfinished or missing runs, weights or data that do not fit together.
    """
    loaded = [load_weights(run) for run in runs]
    first, names = loaded[0], [_name(run) for run in runs]
    for other, name in zip(loaded[1:], names[1:], strict=True):
        _same_kind(other, first, name, names[0])
    folder = _dataset_folder(runs[0], dataset_from)
    configs = [compose.load(folder / "config.yaml")]
    configs += [compose.load(_folder(run) / "config.yaml") for run in runs[1:] if _has_config(run)]
    data = _data(configs[0], data_dir)
    _fits(first, data.info, folder)
    test = _unseen(data, [_data(config, data_dir) for config in configs[1:]])
    source, note = _source(_folder(runs[0]), first)
    return Subject(
        name=names[0],
        weights=first,
        others={_unique(name, i): w for i, (name, w) in enumerate(zip(names[1:], loaded[1:], strict=True), 2)},
        source=source,
        source_note=note,
        info=data.info,
        train=data.beats.take(data.split.train),
        test=data.beats.take(test),
    )


def _folder(run: Path) -> Path:
    return run.parent if run.is_file() else run


def _name(run: Path) -> str:
    return _folder(run.resolve()).name


def _unique(name: str, number: int) -> str:
    return f"{number}: {name}"


def _has_config(run: Path) -> bool:
    return RunFolder(_folder(run)).config.is_file()


def _dataset_folder(run: Path, dataset_from: Path | None) -> Path:
    """The run folder whose config.yaml names the dataset."""
    if dataset_from is not None:
        return dataset_from
    if not _has_config(run):
        raise EcgError(
            f"{weights_file(run)} stands alone, so its dataset is unknown; name a run of the same dataset with "
            "--dataset-from RUN"
        )
    return _folder(run)


def _data(config: RunConfig, data_dir: Path | None) -> BeatData:
    data = config.build_data(data_dir)
    data.prepare_data()
    data.setup()
    return data


def _unseen(data: BeatData, others: Sequence[BeatData]) -> npt.NDArray[np.int64]:
    """Test beats that are test beats of the other runs as well: a split may depend on the seed."""
    test = data.split.test
    for other in others:
        if other.info.fingerprint != data.info.fingerprint or len(other.beats) != len(data.beats):
            raise EcgError("the runs have different datasets; give several seeds of one run")
        test = np.intersect1d(test, other.split.test)
    if len(test) < FEWEST:
        raise EcgError(f"{len(test)} test beats that no run trained on; ecg explain needs {FEWEST} or more")
    return test


def _same_kind(other: Weights, first: Weights, name: str, first_name: str) -> None:
    for what, mine, its in (
        ("model", other.settings["name"], first.settings["name"]),
        ("dataset", other.info.dataset, first.info.dataset),
        ("classes", other.info.classes, first.info.classes),
        ("cut", other.cut, first.cut),
        ("split", other.info.split, first.info.split),
    ):
        if mine != its:
            raise EcgError(f"{name} has {what} {mine}, {first_name} has {its}; give several seeds of one run")


def _fits(weights: Weights, info: DataInfo, folder: Path) -> None:
    mine = weights.info
    for what, ours, theirs in (
        ("classes", mine.classes, info.classes),
        ("cut", mine.cut, info.cut),
        ("shape", mine.shape, info.shape),
    ):
        if ours != theirs:
            raise EcgError(
                f"{weights.path} has {what} {ours}, the dataset of {folder} has {theirs}; choose another RUN"
            )


def _source(folder: Path, weights: Weights) -> tuple[Weights | None, str]:
    """The model that the run in `folder` was transferred from, or why it cannot be compared."""
    path = RunFolder(folder).transfer
    if not path.is_file():
        return None, ""
    try:
        origin = read_json(path)
        named = origin.get("source")
        if not isinstance(named, str):
            return None, f"{path.name} names no source."
        source = load_weights(Path(named))
        if "sha256" in origin and _checksum(source.path) != origin["sha256"]:
            return None, f"Its source {named} has changed since, so the two are not compared."
    except EcgError as error:
        return None, f"Its source is not compared: {error}"
    if source.settings["name"] != weights.settings["name"] or source.model.input_shape != weights.model.input_shape:
        return None, f"Its source {named} is another kind of model, so the two are not compared."
    return source, ""


def _checksum(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
