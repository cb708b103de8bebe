"""What trained the weights: the run's own training beats, and those of the runs that its layers were taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecg.data import BeatData
from ecg.errors import EcgError
from ecg.recordings.checksum import sha256
from ecg.runs.folder import RunFolder
from ecg.runs.run import run_around
from ecg.runs.weights import Description, describe_weights


@dataclass(frozen=True)
class Training:
    """One training that shaped the weights.

    Attributes:
        title: of its data.
        dataset: the task.
        simulated: whether its hearts were.
        databases: whose hearts; None where the title is all that is known.
        letters: by record a letter a beat, as in split.json: T trained, V chose the epoch; None where not known.
        patients: who trained; empty where the source does not tell.
        beats_per_patient: how its beats were thinned.
        unknown: why `letters` are not known, in words.
    """

    title: str
    dataset: str
    simulated: bool
    databases: frozenset[str] | None
    letters: Mapping[str, str] | None = None
    patients: frozenset[str] = field(default_factory=frozenset)
    beats_per_patient: int | None = None
    unknown: str = ""

    def may_share(self, other: BeatData) -> bool:
        """Whether hearts of another dataset can have been in this training."""
        if self.databases is not None:
            return bool(self.databases & other.databases)
        return self.dataset == other.dataset and self.simulated == other.source.simulated


def trainings(weights: Description, seen: frozenset[Path] = frozenset()) -> list[Training]:
    """Every training behind the weights, their own first.

    Args:
        weights: whose training is asked for.
        seen: weights on the way here, which do not come again: a damaged folder may name itself.

    Raises:
        EcgError: a run folder's files are damaged.
    """
    run, info = run_around(weights.path), weights.info
    known = None if info.simulated else frozenset(info.databases)
    own = Training(info.title, info.dataset, info.simulated, known)
    if run is None or not run.files.split.is_file():
        alone = weights.training.get("transfer/trainable_layers") is None  # else a source trained it too, on others
        if alone and (records := weights.training.get("trained_records")):
            people = frozenset(map(str, weights.training.get("trained_patients", ())))
            return [replace(own, letters={str(record): "T" for record in records}, patients=people)]
        return [replace(own, unknown=f"there is no {RunFolder(weights.path.parent).split.name} beside the weights")]
    data, split = run.datamodule(), run.split
    patients = frozenset(map(str, split["patients"].get("train", ())))
    limit = data.beats_per_patient
    own = replace(own, databases=data.databases, letters=split["beats"], patients=patients, beats_per_patient=limit)
    return [own, *(_taken_from(run.origin, seen | {weights.path.resolve()}) if run.origin is not None else [])]


def _taken_from(origin: Mapping[str, Any], seen: frozenset[Path]) -> list[Training]:
    """The trainings behind the source that transfer.json names, as far as it is still what it was."""
    path, title = Path(str(origin["source"])), str(origin["trained_on"])
    try:
        source = describe_weights(path)
        itself = source.path.resolve() in seen
        if not itself and sha256(source.path) == origin["sha256"]:
            return trainings(source, seen)
        why = "is the run itself" if itself else "has changed since"
    except EcgError:
        why = "is gone"
    dataset, simulated = title.partition(",")[0], "SIMULATED" in title
    return [Training(title, dataset, simulated, databases=None, unknown=f"the source of its layers, {path}, {why}")]
