"""One run as its folder tells it. Only small files are read here, so that a table of jobs is there at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml  # type: ignore[import-untyped]

from ecg.errors import EcgError
from ecg.page.numbers import number
from ecg.training.folder import RunFolder, read_json

State = Literal["finished", "no result", "failed", "unfinished"]
RANDOM = "random"


@dataclass(frozen=True)
class Run:
    """What a run folder holds.

    Attributes:
        folder: the run folder.
        state: finished; no result (`trainer.limit_batches` was set); failed; or unfinished.
        reason: why it is no result, in words; empty for most finished runs.
        config: values by dotted key, e.g. `transfer.trainable_layers`.
        metrics: as in metrics.json, without the intervals.
        intervals: 95 % intervals by the metrics' keys.
        provenance: as in provenance.json.
        overrides: what was typed for this job.
    """

    folder: Path
    state: State
    reason: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def files(self) -> RunFolder:
        """The paths of its files."""
        return RunFolder(self.folder)

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
    def k(self) -> int | None:
        """Number of retrained layers; None for a training from scratch."""
        found = number(self.metrics.get("transfer/trainable_layers", self.config.get("transfer.trainable_layers")))
        return None if found is None else int(found)

    @property
    def random(self) -> bool:
        """Whether the frozen layers have random weights, as a control."""
        named = self.metrics.get("transfer/features", self.config.get("transfer.source"))
        return self.k is not None and named == RANDOM

    @property
    def replicate(self) -> tuple[int, ...]:
        """Seed and, where there are folds, the fold's number and repetition: what sets runs of a setting apart."""
        seed = self.metrics.get("seed", self.config.get("seed"))
        folds = (self.config.get(f"dataset.folds.{key}") for key in ("index", "repeat"))
        return tuple(int(number(value) or 0) for value in (seed, *folds))

    def value(self, key: str) -> float | None:
        """A metric as a number; None where it is missing or not finite."""
        return number(self.metrics.get(key))

    def said(self, key: str) -> str:
        """A word of metrics.json or, for a run without results, of the configuration: dataset, source, split."""
        word = self.metrics.get(key) or self.config.get("dataset.name" if key == "dataset" else f"dataset.{key}")
        return str(word) if word else "?"


def is_run(folder: Path) -> bool:
    """Whether `folder` belongs to a run, be it one that failed before its first file."""
    files = RunFolder(folder)
    if files.metrics.is_file() or files.error.is_file() or (folder / ".hydra" / "overrides.yaml").is_file():
        return True
    return files.config.is_file() and "dataset.name" in _flat(_yaml(files.config))


def read_run(folder: Path) -> Run:
    """Read one run folder; files that are missing or damaged make it unfinished or failed, not an error."""
    files = RunFolder(folder)
    provenance: dict[str, Any] = {}
    if files.provenance.is_file():
        try:
            provenance = read_json(files.provenance)
        except EcgError:
            provenance = {}  # the results count without it
    state, reason, metrics = _state(folder)
    intervals = metrics.pop("intervals", None) or {}
    return Run(
        folder=folder,
        state=state,
        reason=reason,
        config=_flat(_yaml(files.config)),
        metrics=metrics,
        intervals={key: (low, high) for key, (low, high) in intervals.items() if None not in (low, high)},
        provenance=provenance,
        overrides=tuple(str(word) for word in _yaml(folder / ".hydra" / "overrides.yaml") or ()),
    )


def _state(folder: Path) -> tuple[State, str, dict[str, Any]]:
    files = RunFolder(folder)
    error = files.error
    said = next(iter(error.read_text(errors="replace").splitlines()), "") if error.is_file() else ""
    if files.metrics.is_file():
        try:
            metrics = read_json(files.metrics)
        except EcgError as damage:
            return "failed", str(damage), {}
        if not isinstance(metrics, dict):
            return "failed", f"{files.metrics}: not what a run writes", {}
        if (limit := metrics.get("limit_batches")) is not None:
            return "no result", f"trainer.limit_batches={limit}: only a try", metrics
        return "finished", f"its results are whole, but then: {said}" if said else "", metrics
    if error.is_file():
        return "failed", said or "error.txt is empty", {}
    epochs = max(0, files.history.read_text().count("\n") - 1) if files.history.is_file() else 0
    return "unfinished", f"{epochs} whole epochs, no results" if epochs else "no whole epoch", {}


def _yaml(path: Path) -> Any:
    """The content of a YAML file; None where it is missing or damaged."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, by dotted keys; lists as text."""
    found: dict[str, Any] = {}
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return found
