"""A run's own page: its results, how to read them, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join
from typing import Any

import yaml  # type: ignore[import-untyped]

from ecg.data.info import DataInfo
from ecg.metrics.baselines import NAMES
from ecg.page import Section, details, listing, page, paragraph, picture, preformatted, subheading, table
from ecg.page.numbers import NONE, count, duration, number, percent
from ecg.report.protocols import COLUMNS, NOTES, protocol_rows
from ecg.report.results import Results
from ecg.report.tables import HEADLINE, PER_CLASS

STAGES = {"test": "per beat", "subject": "per patient"}
PER_PATIENT = "One prediction per test patient, from the mean probability over the patient's beats."
CAPTIONS = {
    "learning_curves": (
        "Left: the loss on training and validation beats; when the validation loss rises while the training loss "
        "falls, the model learns its beats by heart. Right: scores on the validation beats. The dashed line is "
        "the epoch whose weights were kept and tested."
    ),
    "confusion": (
        "A row for each true class, a column for each predicted one: counts, and the share of the row. The "
        "diagonal is right. Se, at the right, is the share of a class that was found; +P, below, the share of "
        "what was called so that is so."
    ),
    "reliability": (
        "Do the probabilities mean what they say? On the diagonal, beats that got 80 % are right in 80 % of all "
        "cases; below it the model is too sure of itself."
    ),
    "beats": (
        "Single test beats as the model saw them: right ones and, where there are any, wrong ones with what they "
        "were taken for. Wrong ones that the model was sure of are the most instructive."
    ),
    "strip": (
        "A stretch of one test record with each beat coloured by its predicted class; where the reference says "
        "otherwise, it is marked."
    ),
}
"""How to read each figure, by its name in report/."""
_STYLE = "td { white-space: pre; } td:first-child { white-space: normal; }"  # a score with its interval below
TITLES = {
    "learning_curves": "Learning curves",
    "confusion": "Confusion matrix",
    "beats": "Example beats",
    "strip": "A strip",
}
MADE_FROM = ("commit", "started", "python", "precision", "data_fingerprint", "wandb_id")


def run_page(
    name: str,
    results: Results,
    figures: Mapping[str, Path],
    *,
    facts: Mapping[str, object],
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    where: str,
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

    Raises:
        OSError: a figure cannot be read.
    """
    info = results.info
    notices = list(info.notes)
    if facts.get("limit_batches") is not None:
        notices.insert(0, "trainer.limit_batches is set: this was a try, and its numbers are no results.")
    drawn = "".join(
        subheading(TITLES.get(key, key.replace("_", " ").capitalize()))
        + picture(shown.read_bytes(), alt=f"{key.replace('_', ' ')} of {name}", caption=CAPTIONS.get(key, ""))
        for key, shown in figures.items()
    )
    sections = [
        Section("Results", _headline(results)),
        Section("By class", _by_class(results)),
        *([Section("Counted in other ways", counted)] if (counted := _protocols(results)) else []),
        Section("Figures", drawn),
        Section("Data", _data(info)),
        Section("How it was made", _made(facts, config, provenance, where)),
    ]
    return page(f"{name}: {info.title}", sections, notices=notices, simulated=info.simulated, style=_STYLE)


def _headline(results: Results) -> str:
    """Headline scores with their intervals, by beat and by patient, beside the baselines'."""
    metrics, info = results.metrics, results.info
    body = paragraph(f"{len(results.beats):,} {info.scored} of split {info.split}, source {info.source}.")
    for stage, words in STAGES.items():
        known = {key: said for key, said in HEADLINE.items() if f"{stage}/{key}" in metrics}
        if not known:
            continue
        beside = {
            who: said for who, said in NAMES.items() if any(f"baseline/{who}/{stage}/{k}" in metrics for k in known)
        }
        rows = []
        for key, said in known.items():
            path = f"{stage}/{key}"
            others = [percent(metrics.get(f"baseline/{who}/{path}")) for who in beside]
            rows.append([said, percent(metrics[path]), _interval(results, path), *others])
        head = [words, "%", "95 % interval", *(f"{said} %" for said in beside.values())]
        body += table(head, rows, caption=PER_PATIENT if stage == "subject" else "")
    if results.intervals:
        body += paragraph(results.table_context.footnote.removeprefix(results.context.footnote).strip(), faint=True)
    return body


def _by_class(results: Results) -> str:
    rows = []
    for name in results.info.classes:
        cells = []
        for key in PER_CLASS:
            interval = _interval(results, f"test/{name}/{key}")
            value = percent(results.metrics.get(f"test/{name}/{key}"))
            cells.append(f"{value}\n{interval}" if interval else value)
        rows.append([name, *cells, count(results.metrics.get(f"test/{name}/support"))])
    words = (
        "Se: share of the class that was found. +P: share of what was called so that is so. F1: their harmonic mean. "
        "FPR: share of the other beats that were called so. Below a score its 95 % interval."
    )
    return table(["class", *(f"{said} %" for said in PER_CLASS.values()), "beats"], rows, caption=words)


def _protocols(results: Results) -> str:
    """The rows of `protocol_rows`; empty where there is only the usual way of counting."""
    rows = protocol_rows(results.metrics)
    if not rows:
        return ""
    notes = " ".join(note for word, note in NOTES.items() if any(word in row[0] for row in rows))
    return table(["counted", *(f"{said} %" for said in COLUMNS)], rows, caption=notes)


def _data(info: DataInfo) -> str:
    """Beats of each side and class, and what was left out."""
    rows = [
        [side, *(count(n.get(name, 0)) for name in info.classes), count(sum(n.values()))]
        for side, n in info.counts.items()
    ]
    length = info.shape[1]
    body = table(["beats", *info.classes, "all"], rows)
    size = f"{length} samples at {info.fs:g} Hz ({length / info.fs:.2f} s)"
    body += paragraph(f"A beat is {size}, cut by the rule {info.cut!r}; leads: {', '.join(info.leads)}.")
    lines = _lines(info.facts)
    heading = subheading("How the beats were found, and what was left out")
    return body + (heading + listing(lines) if lines else "")


def _lines(facts: Mapping[str, object]) -> list[str]:
    """Each fact in words: `beats left out: 12 flat, 3 impossible RR`."""
    said = []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            parts = [f"{_plain(n)} {_spaced(reason)}" for reason, n in value.items()]
            said.append(f"{_spaced(key)}: {', '.join(parts) or 'none'}")
        elif isinstance(value, list | tuple):
            said.append(f"{_spaced(key)}: {', '.join(map(_plain, value)) or 'none'}")
        else:
            said.append(f"{_spaced(key)}: {_plain(value)}")
    return said


def _made(facts: Mapping[str, object], config: Mapping[str, Any], provenance: Mapping[str, Any], where: str) -> str:
    git, host = provenance.get("git") or {}, provenance.get("host") or {}
    commit = f"{git.get('commit') or 'unknown'}{', with changes that were not committed' if git.get('dirty') else ''}"
    made = {**provenance, "commit": commit}
    rows = [[_spaced(key), _plain(made[key])] for key in MADE_FROM if made.get(key) is not None]
    rows.append(["host", ", ".join(_plain(value) for value in host.values())])
    rows += [[name, version] for name, version in (provenance.get("versions") or {}).items()]
    command = preformatted(f"python {join(map(str, provenance.get('command') or ['train.py']))}")
    return (
        table(["training", ""], _training(facts))
        + command
        + preformatted(where)
        + details("Commit, versions, data fingerprint", table(["", ""], rows, words=2))
        + details("Configuration", preformatted(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)))
    )


def _training(facts: Mapping[str, object]) -> list[Sequence[str]]:
    """Model, what was trained and from what, and time."""
    rows: list[Sequence[str]] = [["model", _plain(facts.get("model"))], ["seed", _plain(facts.get("seed"))]]
    trained, total = number(facts.get("params/trainable")), number(facts.get("params/total"))
    if trained and total:
        rows.append(["parameters trained", f"{count(trained)} of {count(total)} ({percent(trained / total, 3)} %)"])
    if (k := facts.get("transfer/trainable_layers")) is not None:
        rows.append(["layers retrained", f"the last {k} of {_plain(facts.get('transfer/layers'))}"])
        rows.append(["frozen layers", f"{_plain(facts.get('transfer/features'))} weights"])
        rows.append(
            ["retrained layers start", "from the source" if facts.get("transfer/init") == "source" else "afresh"]
        )
    rows.append(["training time", duration(facts.get("time/fit_s"))])
    if facts.get("time/total_s") is not None:
        rows.append(["whole job", duration(facts["time/total_s"])])
    if (best := number(facts.get("best_epoch"))) is not None:
        rows.append(["best epoch", f"{best:.0f}, counted from 0"])
    return rows


def _interval(results: Results, key: str) -> str:
    low, high = results.intervals.get(key, (None, None))
    found = (percent(low), percent(high))
    return "" if NONE in found else "-".join(found)


def _spaced(key: object) -> str:
    return str(key).replace("_", " ")


def _plain(value: object) -> str:
    if isinstance(value, bool) or number(value) is None:
        return NONE if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
