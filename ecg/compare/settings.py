"""Which runs may stand in one table, which are replicates of one setting, and what sets the settings apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecg.runs.run import RANDOM, Run

LAYERS, SOURCE = "transfer.trainable_layers", "transfer.source"
TRAINED, TIME = "params/trainable", "time/fit_s"
"""What a training cost, as keys of metrics.json."""
# where results are put and how they are filed does not change them
IGNORED = (
    "output_dir", "data_dir", "cache_dir", "resume", "rerun", "bootstrap", "threads", "logger.", "tracking.",
    "trainer.enable_", "trainer.log_every_n_steps",
)  # fmt: skip
REPLICATES = ("seed", "dataset.folds.index", "dataset.folds.repeat")
GROUPED = ("dataset.name", "dataset.source", "dataset.split")
NOT_RECORDED = "-"


@dataclass(frozen=True)
class Setting:
    """Runs that differ in nothing but seed and fold.

    Attributes:
        label: says in a few words how it differs from the other settings.
        values: what differs, by dotted key; keys that mean nothing for this setting are absent.
        runs: its replicates, by seed and fold.
    """

    label: str
    values: Mapping[str, str]
    runs: tuple[Run, ...]

    @property
    def k(self) -> int | None:
        """Number of retrained layers; None for a training from scratch."""
        return self.runs[0].k

    @property
    def role(self) -> str:
        """`transfer`, `random` (the control with frozen random layers) or `scratch`."""
        if self.k is None:
            return "scratch"
        return RANDOM if self.runs[0].random else "transfer"


@dataclass(frozen=True)
class Group:
    """Runs that were tested on the same kind of beats, so that their numbers may be compared.

    Attributes:
        title: dataset, split and source.
        dataset, source, split: as the runs say.
        simulated: whether the recordings are.
        notes: what their reader must be told first.
        differs: dotted keys that tell the settings apart.
        settings: in the order to show.
        repeated: older runs of a setting and seed that a newer one has repeated; they do not count.
    """

    title: str
    dataset: str
    source: str
    split: str
    simulated: bool
    notes: tuple[str, ...]
    differs: tuple[str, ...]
    settings: tuple[Setting, ...]
    repeated: tuple[Run, ...]

    @property
    def heading(self) -> str:
        """The title as shown, marked where the recordings are simulated."""
        return f"SIMULATED: {self.title}" if self.simulated else self.title

    @property
    def runs(self) -> list[Run]:
        """All that count, setting by setting."""
        return [run for setting in self.settings for run in setting.runs]


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Put finished runs into groups of the same dataset, source, split and recordings; the others are left out."""
    together: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        if run.counts:
            words = [run.said("dataset"), _origin(run), *map(run.said, ("split", "simulated"))]
            together.setdefault((*words, str(run.provenance.get("data_fingerprint", ""))), []).append(run)
    names = [key[:3] for key in together]
    return [_group(members, key, same_name=names.count(key[:3]) > 1) for key, members in together.items()]


def _origin(run: Run) -> str:
    """The source and, where the run says them, its databases: `physionet (svdb)`."""
    said, databases = run.said("source"), run.metrics.get("databases")
    return f"{said} ({' and '.join(map(str, databases))})" if databases and isinstance(databases, list) else said


def meaning(run: Run) -> dict[str, str]:
    """What a run's results depend on besides data, seed and fold: text by dotted key, without what has no effect."""
    skipped = (*IGNORED, *REPLICATES, *GROUPED)
    kept = {k: v for k, v in run.settings.items() if not k.startswith(skipped)}
    kept |= {"model.name": run.metrics.get("model", kept.get("model.name")), LAYERS: run.k}
    if run.k is None:
        kept = {k: v for k, v in kept.items() if not k.startswith("transfer.") or k == LAYERS}
    elif run.random:
        kept = {k: v for k, v in kept.items() if k != "transfer.init"} | {SOURCE: RANDOM}
    return {key: _text(value) for key, value in kept.items()}


def differing(meanings: Sequence[Mapping[str, str]]) -> list[str]:
    """Keys whose values are not the same in all; a key that is absent for a reason is only compared where present."""
    keys = dict.fromkeys(key for one in meanings for key in one)
    found = []
    for key in keys:
        optional = key.startswith(("model.", "transfer."))  # models have their own keys; scratch has no transfer's
        values = {one.get(key, NOT_RECORDED) for one in meanings if key in one or not optional}
        if len(values) > 1:
            found.append(key)
    first = ("model.name", LAYERS, SOURCE)
    return sorted(found, key=lambda key: (*(key != one for one in first), not key.startswith("transfer.")))


def _group(members: Sequence[Run], key: tuple[str, ...], *, same_name: bool) -> Group:
    dataset, source, split, _, fingerprint = key
    meanings = [meaning(run) for run in members]
    sources = {one.get(SOURCE) for one in meanings} - {RANDOM, None}
    differs = [key for key in differing(meanings) if key != SOURCE or len(sources) > 1]  # one source needs no name
    replicates: dict[frozenset[tuple[str, str]], list[Run]] = {}
    for run, one in zip(members, meanings, strict=True):
        replicates.setdefault(frozenset(one.items()), []).append(run)
    settings, repeated = [], []
    for same, found in replicates.items():
        kept, older = _newest(found)
        repeated += older
        values = {key: dict(same)[key] for key in differs if key in dict(same)}
        settings.append(Setting(_label(values, kept[0]), values, tuple(kept)))
    targets = {str(run.settings.get("dataset.target") or "") for run in members}
    asked = f" ({targets.pop().replace('_', ' ')})" if len(targets) == 1 and targets != {""} else ""
    title = f"{dataset}{asked}, split {split}, source {source}"
    return Group(
        title=f"{title} (recordings {fingerprint[:8] or 'unknown'})" if same_name else title,
        dataset=dataset,
        source=source,
        split=split,
        simulated=any(bool(run.metrics.get("simulated")) for run in members),
        notes=_alike(note for run in members for note in _notes(run)),
        differs=tuple(differs),
        settings=tuple(sorted(settings, key=_order)),
        repeated=tuple(repeated),
    )


def _notes(run: Run) -> list[str]:
    found = run.metrics.get("notes")
    return [str(note) for note in found] if isinstance(found, list) else []


def _alike(notes: Iterable[str]) -> tuple[str, ...]:
    """Each note once; those that differ in nothing but numbers, as of folds, as the first of them and how many more."""
    kinds: dict[str, dict[str, None]] = {}
    for note in notes:
        kinds.setdefault(re.sub(r"\d+", "0", note), {})[note] = None
    return tuple(
        next(iter(own)) + (f" And {len(own) - 1} more like it." if len(own) > 1 else "") for own in kinds.values()
    )


def _newest(runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """One run per seed and fold, the one started last, and the others."""
    by_time = sorted(runs, key=lambda run: str(run.provenance.get("started", "")))
    last = {run.replicate: run for run in by_time}
    kept = sorted(last.values(), key=lambda run: run.replicate)
    return kept, [run for run in runs if run not in kept]


def _order(setting: Setting) -> tuple[int, list[str], int, str]:
    """Transfer first, then the random control, then from scratch; within each by k."""
    others = [value for key, value in setting.values.items() if key != LAYERS]
    return ("transfer", RANDOM, "scratch").index(setting.role), others, setting.k or 0, setting.label


def _label(values: Mapping[str, str], run: Run) -> str:
    parts = []
    if LAYERS in values or run.k is not None:
        parts.append("from scratch" if run.k is None else f"{'random, ' if run.random else ''}k={run.k}")
    for key, value in values.items():
        if key != LAYERS and not (key == SOURCE and value in (RANDOM, "null")):
            said = Path(value).name if "/" in value else value
            parts.append(said if key == "model.name" else f"{short_key(key)}={said}")
    return ", ".join(parts) or run.name.rpartition("-seed")[0] or run.name


def short_key(key: str) -> str:
    """The last part of a dotted key; with the one before it where the last says little: `loss`, `augment.when`."""
    parts = key.split(".")
    if parts[-1] == "name" and len(parts) > 1:
        return parts[-2]
    return ".".join(parts[-2:]) if parts[-1] in ("when", "seed", "factor", "warmup", "patience") else parts[-1]


def _text(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
