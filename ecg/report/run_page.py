"""A run's own page: its results, how to read them, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join
from typing import Any

import yaml  # type: ignore[import-untyped]

from ecg.metrics.baselines import NAMES
from ecg.page import render
from ecg.page.numbers import count, duration, number, percent, plain
from ecg.report.protocols import protocol_table
from ecg.report.results import Results
from ecg.report.tables import NumberTable, headline_table, per_class_table
from ecg.report.verdict import singly, verdict

MADE_FROM = ("commit", "started", "python", "precision", "data_fingerprint", "wandb_id")
LIMITED = "Epochs were limited to some batches: this was a try, and its numbers are no results."


def run_page(
    name: str,
    results: Results,
    figures: Mapping[str, Path],
    *,
    facts: Mapping[str, object],
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    where: str,
    own: Mapping[str, object] | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """The whole page as HTML, for `report/index.html`; it makes no request.

    Args:
        name: of the run, e.g. `mi-cnn-k3-seed0`.
        results: of the test beats.
        figures: PNG files of those that `run_figures` drew, by name.
        facts: what metrics.json says beside the scores: parameters, times, transfer.
        config: the resolved configuration, nested.
        provenance: as in provenance.json.
        where: how to look at the run in W&B.
        own: of an evaluation, the scores on the model's own test beats, which stand beside.
        remarks: which of the data's notes are no warnings.

    Raises:
        OSError: a figure cannot be read.
    """
    info, metrics, intervals = results.info, results.metrics, results.intervals
    headline = {
        "per patient": _headline(results, "subject", own or {}),  # first: where there is one, it is what counts
        f"per {info.each}": _headline(results, "test", own or {}),
    }
    limited = [] if facts.get("limit_batches") is None else [LIMITED]
    few = results.diagnosis.few if results.diagnosis is not None else []
    return render(
        "report/run_page.html",
        title=f"{name}: {info.title}",
        notices=[*limited, *few, *(line for line in info.notes if line not in remarks)],
        remarks=remarks,
        simulated=info.simulated,
        name=name,
        info=info,
        verdict=verdict(results),
        headline=headline,
        beside={words: [name.removesuffix(" %") for name in one.head[3:]] for words, one in headline.items()},
        counted_of={
            f"per {info.each}": f"{count(len(results.beats))} {info.scored}",
            "per patient": f"{count(metrics.get('subject/count'))} test patients",
        },
        singly=singly(results),
        interval_note=results.interval_note,
        by_class=per_class_table(metrics, info.classes, intervals),
        counted=protocol_table(metrics),
        diagnosis=results.diagnosis,
        figures={key: path.read_bytes() for key, path in figures.items()},
        subsets=[
            [subset, *(count(n.get(name, 0)) for name in info.classes), count(sum(n.values()))]
            for subset, n in info.counts.items()
        ],
        found=[f"{_spaced(key)}: {_said(value)}" for key, value in info.facts.items()],
        training=list(training_rows(facts).items()),
        command=typed(provenance),
        where=where,
        made=how_made(provenance),
        config=yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True),
    )


def _headline(results: Results, level: str, own: Mapping[str, object]) -> NumberTable:
    """Headline scores with their intervals beside the baselines', and those of the model's own test."""
    metrics = {**results.metrics, **{f"baseline/own/{key}": value for key, value in own.items()}}
    named = {**NAMES, "own": "own test"}
    beside = {who: said for who, said in named.items() if f"baseline/{who}/{level}/accuracy" in metrics}
    return headline_table(metrics, results.intervals, level=level, beside=beside)


def _said(value: object) -> str:
    """A fact in words: `12 flat, 3 impossible RR`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_said(n)} {_worded(reason)}" for reason, n in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    return plain(value)


def typed(provenance: Mapping[str, Any]) -> str:
    """The command behind a run."""
    return f"python {join(map(str, provenance.get('command') or ['train.py']))}"


def how_made(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Commit, machine and versions."""
    git, host = provenance.get("git") or {}, provenance.get("host") or {}
    commit = f"{git.get('commit') or 'unknown'}{', with changes that were not committed' if git.get('dirty') else ''}"
    made = {**provenance, "commit": commit}
    rows = [(_spaced(key), plain(made[key])) for key in MADE_FROM if made.get(key) is not None]
    return [*rows, ("host", ", ".join(map(plain, host.values()))), *(provenance.get("versions") or {}).items()]


def training_rows(facts: Mapping[str, object]) -> dict[str, str]:
    """Model, what was trained and from what, and time."""
    trained, total, best = (number(facts.get(key)) for key in ("params/trainable", "params/total", "best_epoch"))
    rows = {"model": plain(facts.get("model")), "seed": plain(facts.get("seed"))}
    if trained and total:
        rows["parameters trained"] = f"{count(trained)} of {count(total)} ({percent(trained / total, 3)} %)"
    if (k := facts.get("transfer/trainable_layers")) is not None:
        rows["layers retrained"] = f"the last {k} of {plain(facts.get('transfer/layers'))}"
        rows["frozen layers"] = f"{plain(facts.get('transfer/features'))} weights"
        rows["retrained layers start"] = "from the source" if facts.get("transfer/init") == "source" else "afresh"
    rows["training time"] = duration(facts.get("time/fit_s"))
    if facts.get("time/total_s") is not None:
        rows["whole job"] = duration(facts["time/total_s"])
    if best is not None:
        rows["best epoch"] = f"{best:.0f}"
    return rows


def _worded(reason: object) -> str:
    """A reason as words; the names of settings in it stay as they are typed."""
    return " ".join(word if "." in word else word.replace("_", " ") for word in str(reason).split(" "))


def _spaced(key: object) -> str:
    return str(key).replace("_", " ")
