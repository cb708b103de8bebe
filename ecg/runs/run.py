"""One run as its folder tells it: the only place that knows how a finished run is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ecg.config.root import RunConfig
from ecg.errors import EcgError
from ecg.page.numbers import number
from ecg.runs.folder import RunFolder, plain, read_json
from ecg.runs.reading import flat, load_config, read_numbers, read_patients, read_table, read_yaml, text_lines

if TYPE_CHECKING:
    import pandas as pd

    from ecg.data.module import BeatData
    from ecg.models import LayeredModel
    from ecg.runs.lineage import Training
    from ecg.runs.weights import Weights

State = Literal["finished", "no result", "failed", "unfinished"]
MOST_LAYERS = 10_000
"""More retrained layers than these are a damaged number."""
RANDOM = "random"
"""The `transfer.source` of the control, whose frozen layers have random weights."""


@dataclass(frozen=True)
class Run:
    """One training. Small files are read at once; the others when they are asked for, and checked then.

    Attributes:
        folder: the run folder.
        state: finished; no result (only some batches were used); failed; or unfinished.
        reason: why it is no result, or which of its files is damaged, in words; empty for most finished runs.
        settings: values of config.yaml by dotted key, e.g. `transfer.trainable_layers`; what a node builds is called
            `model.name`, `optimizer.name`.
        metrics: as in metrics.json, without the intervals.
        intervals: 95 % intervals by the metrics' keys.
        provenance: as in provenance.json.
        overrides: what was typed for this run.
    """

    folder: Path
    state: State
    reason: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def files(self) -> RunFolder:
        """The paths of its files."""
        return RunFolder(self.folder)

    @cached_property
    def config(self) -> RunConfig:
        """What it was made with.

        Raises:
            EcgError: config.yaml is missing or damaged, or does not fit this version.
        """
        return load_config(self.files.config)

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per epoch.

        Raises:
            EcgError: history.csv is missing or damaged.
        """
        return read_numbers(self.files.history, ("epoch",))

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row per test beat: record, patient, sample, label, predicted, and `p_<class>`.

        Raises:
            EcgError: predictions.csv is missing or damaged.
        """
        text = ("record", "patient", "label", "predicted")
        table = read_table(self.files.predictions, (*text, "sample"), text)
        classes = {name.removeprefix("p_") for name in table.columns if name.startswith("p_")}
        if strange := sorted((set(table["label"]) | set(table["predicted"])) - classes):
            raise EcgError(f"{self.files.predictions} is damaged: there is no column p_{plain(strange[0])}")
        return table

    @cached_property
    def patients(self) -> pd.DataFrame:
        """One row per patient who was scored, see `ecg.metrics.diagnosis.patient_table`; the patient is the index.

        Raises:
            EcgError: patients.csv is missing or damaged.
        """
        return read_patients(self.files.patients)

    @cached_property
    def split(self) -> dict[str, Any]:
        """Who trained and who tested: `patients` by subset, and `beats` by record, a letter each (see `write_split`).

        Raises:
            EcgError: split.json is missing or damaged.
        """
        path = self.files.split
        content = read_json(path)
        patients, beats = content.get("patients"), content.get("beats")
        if not isinstance(patients, dict) or not all(isinstance(v, list) for v in patients.values()):
            raise EcgError(f"{path} is damaged: patients must name a list for each of train, val and test")
        if not isinstance(beats, dict) or not all(isinstance(v, str) for v in beats.values()):
            raise EcgError(f"{path} is damaged: beats must hold a text for each record")
        return content

    @cached_property
    def origin(self) -> dict[str, Any] | None:
        """Where a transferred model's layers come from (transfer.json); None for a run without a source.

        Raises:
            EcgError: the file is damaged.
        """
        path = self.files.transfer
        if not path.is_file():
            return None
        content = read_json(path)
        if wrong := [key for key in ("source", "sha256", "trained_on") if not isinstance(content.get(key), str)]:
            raise EcgError(f"{path} is damaged: {wrong[0]} must be text")
        return content

    @cached_property
    def lineage(self) -> list[Training]:
        """Every training behind its weights, its own first.

        Raises:
            EcgError: a file is missing or damaged.
        """
        from ecg.runs.lineage import trainings

        return trainings(self.weights)

    @cached_property
    def weights(self) -> Weights:
        """The best weights with all that is needed to use them.

        Raises:
            EcgError: they are missing or damaged.
        """
        from ecg.runs.weights import load_weights

        return load_weights(self.folder)

    @property
    def model(self) -> LayeredModel:
        """The trained model, in eval mode, on the processor.

        Raises:
            EcgError: the weights are missing or damaged.
        """
        return self.weights.model

    def datamodule(self, data_dir: Path | str | None = None) -> BeatData:
        """A fresh data module with the run's settings; nothing is read yet.

        Args:
            data_dir: another folder than the run's own.

        Raises:
            EcgError: as `config`.
        """
        data: BeatData = self.config.data(None if data_dir is None else str(data_dir))
        return data

    @property
    def name(self) -> str:
        """What the run calls itself, or its folder's name without the time or job number."""
        name = self.metrics.get("name")
        return str(name) if name else re.sub(r"^(\d{4}-\d\d-\d\d_[\d-]+|\d+)_", "", self.folder.name)

    @property
    def counts(self) -> bool:
        """Whether its numbers are results."""
        return self.state == "finished"

    @property
    def tested(self) -> bool:
        """Whether it was tested; else validation alone says how good it is."""
        return self.metrics.get("tested") is not False

    @property
    def k(self) -> int | None:
        """Number of retrained layers; None for a training from scratch."""
        found = number(self.metrics.get("transfer/trainable_layers", self.settings.get("transfer.trainable_layers")))
        return None if found is None or abs(found) > MOST_LAYERS else int(found)

    @property
    def random(self) -> bool:
        """Whether the frozen layers have random weights, as a control."""
        named = self.metrics.get("transfer/features", self.settings.get("transfer.source"))
        return self.k is not None and named == RANDOM

    @property
    def replicate(self) -> tuple[int, ...]:
        """Seed and, where there are folds, the fold's number and repetition: what sets runs of a setting apart."""
        seed = self.metrics.get("seed", self.settings.get("seed"))
        folds = (self.settings.get(f"dataset.folds.{key}") for key in ("index", "repeat"))
        return tuple(int(number(value) or 0) for value in (seed, *folds))

    def value(self, key: str) -> float | None:
        """A metric as a number; None where it is missing or not finite."""
        return number(self.metrics.get(key))

    def said(self, key: str) -> str:
        """A word of metrics.json or, for a run without results, of the configuration: dataset, source, split."""
        word = self.metrics.get(key) or self.settings.get("dataset.name" if key == "dataset" else f"dataset.{key}")
        return str(word) if word else "?"


def is_run(folder: Path) -> bool:
    """Whether `folder` belongs to a run, be it one that failed before its first file."""
    files = RunFolder(folder)
    made = any(file.is_file() for file in (files.metrics, files.error, files.provenance))
    return made or (files.config.is_file() and "dataset.name" in flat(read_yaml(files.config)))


def read_run(folder: Path) -> Run:
    """Read one run folder; files that are missing or damaged make it unfinished or failed, or stand in its reason."""
    files, problems = RunFolder(folder), []
    provenance: dict[str, Any] = {}
    if files.provenance.is_file():
        try:
            provenance = read_json(files.provenance)
        except EcgError as damage:
            problems.append(str(damage))  # the results count without it
    settings = flat(read_yaml(files.config))
    if files.config.is_file() and not settings:
        problems.append(f"{files.config} is damaged")
    state, reason, metrics = _state(files)
    intervals, reason = _pairs(metrics.pop("intervals", None)), "; ".join(filter(None, [reason, *problems]))
    overrides = _typed(files, provenance)
    return Run(folder, state, reason, settings, metrics, intervals, _sound(provenance), overrides)


def load_run(folder: Path | str) -> Run:
    """The run in a folder.

    Raises:
        EcgError: the folder is none of a run.
    """
    path = Path(folder)
    if not path.is_dir() or not is_run(path):
        raise EcgError(f"{path} is no run folder: it has no config.yaml or metrics.json that a run wrote")
    return read_run(path)


def run_around(weights: Path) -> Run | None:
    """The run that a weights file belongs to; None for one that stands alone."""
    files = RunFolder(weights.parent)
    return read_run(files.path) if files.weights == weights and files.config.is_file() else None


def _state(files: RunFolder) -> tuple[State, str, dict[str, Any]]:
    said = next(iter(text_lines(files.error)), "")
    if files.metrics.is_file():
        try:
            metrics = read_json(files.metrics)
        except EcgError as damage:
            return "failed", str(damage), {}
        tries = {
            "limit_batches": "limit_batches={}: only a try",
            "pruned_after": "stopped by the search after epoch {}",
        }
        if whys := [why.format(metrics[key]) for key, why in tries.items() if metrics.get(key) is not None]:
            return "no result", whys[0], metrics
        return "finished", f"its results are whole, but then: {said}" if said else "", metrics
    if files.error.is_file():
        return "failed", said or "error.txt is empty", {}
    epochs = max(0, len(text_lines(files.history)) - 1)
    return "unfinished", f"{epochs} whole epochs, no results" if epochs else "no whole epoch", {}


def _typed(files: RunFolder, provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """What was typed: in provenance.json, or behind the reason of a job that failed before it was written."""
    settings = provenance.get("settings")
    if isinstance(settings, list):
        return tuple(map(str, settings))
    return tuple(" ".join(text_lines(files.error)[1:2]).split())


def _sound(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Without parts of another type than a run writes."""
    parts = {"git": dict, "host": dict, "versions": dict, "command": list}
    return {key: value for key, value in provenance.items() if isinstance(value, parts.get(key, object))}


def _pairs(intervals: object) -> dict[str, tuple[float, float]]:
    pairs = intervals.items() if isinstance(intervals, dict) else ()
    whole = {key: pair for key, pair in pairs if isinstance(pair, list) and len(pair) == 2}
    return {k: (float(a), float(b)) for k, (a, b) in whole.items() if None not in (number(a), number(b))}
