"""What trained the weights: the run's own training beats, and those of the runs that its layers were taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ecg.config import compose
from ecg.config.dataset import DatasetConfig
from ecg.errors import EcgError
from ecg.evaluate.settings import run_around
from ecg.recordings.download import sha256
from ecg.training.folder import RunFolder, read_json
from ecg.training.weights import Description, describe_weights

RECORDED: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        ("arrhythmia", "physionet"): frozenset({"mitdb"}),
        ("arrhythmia", "kaggle"): frozenset({"mitdb"}),
        ("mi", "physionet"): frozenset({"ptbdb"}),
        ("mi", "ptb-xl"): frozenset({"ptb-xl"}),
        ("mi", "both"): frozenset({"ptbdb", "ptb-xl"}),
        ("mi", "kaggle"): frozenset({"ptbdb"}),
    }
)
"""The databases behind every source of recorded hearts; no patient is known to be in two of them."""


def databases(dataset: DatasetConfig) -> frozenset[str]:
    """Whose hearts a dataset holds. A simulated patient depends on the seed and its own number only."""
    if dataset.source == "synthetic":
        return frozenset({f"simulated {dataset.name}, seed {dataset.synthetic.seed}"})
    return RECORDED[dataset.name, dataset.source]


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

    def may_share(self, other: DatasetConfig) -> bool:
        """Whether hearts of another dataset can have been in this training."""
        if self.databases is not None:
            return bool(self.databases & databases(other))
        return self.dataset == other.name and self.simulated == (other.source == "synthetic")


def trainings(weights: Description) -> list[Training]:
    """Every training behind the weights, their own first.

    Raises:
        EcgError: a run folder's files are damaged.
    """
    run, info = run_around(weights.path), weights.info
    own = Training(
        info.title, info.dataset, info.simulated, None if info.simulated else RECORDED.get((info.dataset, info.source))
    )
    if run is None or not run.split.is_file():
        return [replace(own, unknown=f"there is no {RunFolder(weights.path.parent).split.name} beside the weights")]
    config, split = compose.load(run.config), read_json(run.split)
    own = replace(
        own,
        databases=databases(config.dataset),
        letters=split["beats"],
        patients=frozenset(split["patients"]["train"]),
        beats_per_patient=getattr(config.dataset, "beats_per_patient", None),
    )
    return [own, *(_taken_from(read_json(run.transfer)) if run.transfer.is_file() else [])]


def _taken_from(origin: Mapping[str, Any]) -> list[Training]:
    """The trainings behind the source that transfer.json names, as far as it is still what it was."""
    path, title = Path(str(origin["source"])), str(origin["trained_on"])
    try:
        source = describe_weights(path)
        if sha256(source.path) == origin["sha256"]:
            return trainings(source)
        why = "has changed since"
    except EcgError:
        why = "is gone"
    dataset, simulated = title.partition(",")[0], "SIMULATED" in title
    return [Training(title, dataset, simulated, databases=None, unknown=f"the source of its layers, {path}, {why}")]
