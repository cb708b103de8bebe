"""What is explained: a model, its relatives, and the beats that it did not train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg.beats.table import SIGNAL, Beats
from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.explain.arrays import Ints
from ecg.explain.view import Look, look_of, situated
from ecg.models.faster import faster
from ecg.recordings.checksum import sha256
from ecg.runs.folder import RunFolder
from ecg.runs.run import Run, load_run, read_run
from ecg.runs.weights import Weights, load_weights, weights_file

FEWEST = 20
"""Test beats below which nothing is explained."""
SAME_DATA = ("classes", "segmentation", "shapes")
"""What the weights and the data that they are explained on must have in common."""


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
        look: what the models see of those beats.
        test: beats that neither the model nor `others` trained on.
    """

    name: str
    weights: Weights
    others: dict[str, Weights]
    source: Weights | None
    source_note: str
    info: DataInfo
    look: Look
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
    loaded, names = [load_weights(run) for run in runs], [_folder(run.resolve()).name for run in runs]
    first = loaded[0]
    for other, name in zip(loaded[1:], names[1:], strict=True):
        _agree(name, _facts(other), names[0], _facts(first), "give several seeds of one run")
    folder = dataset_from or _folder(runs[0])
    if dataset_from is None and not RunFolder(folder).config.is_file():
        way = "name a run of the same dataset with --dataset-from RUN"
        raise EcgError(f"{weights_file(runs[0])} stands alone, so its dataset is unknown; {way}")
    data = _data(load_run(folder), data_dir)
    mine, its = ({key: getattr(of, key) for key in SAME_DATA} for of in (first.info, data.info))
    _agree(str(first.path), mine, f"the dataset of {folder}", its, "choose another RUN")
    others = [_data(load_run(at), data_dir) for at in map(_folder, runs[1:]) if RunFolder(at).config.is_file()]
    for one in (data, *others):
        one.serve(first.model)
    source, note = _source(_folder(runs[0]), first)
    for known in (*loaded, *([source] if source is not None else [])):
        faster(known.model)
        if SIGNAL not in known.model.inputs:  # it is shown beside what the model sees, and no layer takes it
            known.model.inputs = {SIGNAL: tuple(data.info.shapes[SIGNAL]), **known.model.inputs}
    return Subject(
        name=names[0],
        weights=first,
        others={f"{i}: {names[i - 1]}": loaded[i - 1] for i in range(2, len(runs) + 1)},
        source=source,
        source_note=note,
        info=data.info,
        look=look_of(first.model, data.beats),
        train=situated(data.beats, data.split.train, first.model),
        test=situated(data.beats, _unseen(data, others), first.model),
    )


def _folder(run: Path) -> Path:
    return run.parent if run.is_file() else run


def _data(run: Run, data_dir: Path | None) -> BeatData:
    data = run.datamodule(data_dir)
    data.prepare_data()
    data.setup()
    return data


def _unseen(data: BeatData, others: Sequence[BeatData]) -> Ints:
    """Test beats that are test beats of the other runs as well: a split may depend on the seed."""
    test = data.split.test
    for other in others:
        if other.info.fingerprint != data.info.fingerprint or len(other.beats) != len(data.beats):
            raise EcgError("the runs have different datasets; give several seeds of one run")
        test = np.intersect1d(test, other.split.test)
    if len(test) < FEWEST:
        raise EcgError(f"{len(test)} test beats that no run trained on; ecg explain needs {FEWEST} or more")
    return test


def _facts(weights: Weights) -> dict[str, object]:
    """What the seeds of one run have in common; the model with its settings: `cnn (dropout=0.3)`."""
    said = ", ".join(f"{key}={value}" for key, value in weights.settings.items() if key not in ("name", "_target_"))
    info = {key: getattr(weights.info, key) for key in ("dataset", "classes", "split")}
    model = f"{_kind(weights)} ({said})" if said else _kind(weights)
    return {"model": model, **info, "segmentation": weights.segmentation}


def _agree(who: str, mine: Mapping[str, object], other: str, its: Mapping[str, object], advice: str) -> None:
    for what, value in mine.items():
        if value != its[what]:
            raise EcgError(f"{who} has {what} {value}, {other} has {its[what]}; {advice}")


def _kind(weights: Weights) -> str:
    """The name of a registered model, the import path of another one."""
    return str(weights.settings.get("name") or weights.settings.get("_target_"))


def _source(folder: Path, weights: Weights) -> tuple[Weights | None, str]:
    """The model that the run in `folder` was transferred from, or why it cannot be compared."""
    try:
        if (origin := read_run(folder).origin) is None:
            return None, ""
        source = load_weights(Path(origin["source"]))
        changed = sha256(source.path) != origin["sha256"]
    except EcgError as error:
        return None, f"Its source is not compared: {error}"
    alike = _kind(source) == _kind(weights) and source.model.inputs == weights.model.inputs
    if changed or not alike:
        why = "has changed since" if changed else "is another kind of model"
        return None, f"Its source {origin['source']} {why}, so the two are not compared."
    return source, ""
