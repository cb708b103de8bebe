"""What a run of the R-peak detector leaves behind: scores by database and record, a page, and a table on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

import pandas as pd
import yaml  # type: ignore[import-untyped]
from rich.console import Console

from ecg.atomic import whole_file
from ecg.config import RunConfig
from ecg.metrics.rpeaks import Detected, peak_scores, peak_table
from ecg.page import render, write_page
from ecg.page.numbers import count
from ecg.report.curves import learning_curves
from ecg.report.run_page import LIMITED, how_made, training_rows, typed
from ecg.report.save import save_figure
from ecg.report.style import Context
from ecg.report.tables import NumberTable
from ecg.runs.folder import RunFolder, read_json, write_json
from ecg.training.history import History
from ecg.training.loggers import Loggers

HEAD = ("tested on", "beats", "Se %", "+P %", "missed", "extra", "median ms", "beyond 25 ms %")
RULE = (
    "Matched one to one within 150 ms (EC57, as bxb); lead MLII, else the first. What is found within ventricular "
    "flutter is not counted. Offset: found minus marked; svdb's marks lie up to 25 ms off the R peak themselves."
)
MOST_RECORDS = 15


def peak_rows(tested: Mapping[str, Sequence[Detected]]) -> list[list[str]]:
    """The table's rows as text, one for each that is tested."""
    return [_row(name, peak_scores(found)) for name, found in tested.items()]


def _row(name: str, values: Mapping[str, float]) -> list[str]:
    offset = f"{values['offset_ms/median']:.1f}" if "offset_ms/median" in values else "-"
    beyond = f"{100 * values['offset/beyond_25_ms']:.2f}" if "offset/beyond_25_ms" in values else "-"
    beats = values["matched"] + values["missed"]
    scores = [f"{100 * values[key]:.2f}" for key in ("se", "ppv")]
    return [name, count(beats), *scores, count(values["missed"]), count(values["extra"]), offset, beyond]


def report_rpeaks(
    config: RunConfig,
    tested: Mapping[str, Sequence[Detected]],
    history: History,
    facts: Mapping[str, Any],
    folder: RunFolder,
    loggers: Loggers,
) -> None:
    """Scores, figures and the page into the folder, the headline into W&B, the table to the screen.

    Args:
        config: of the run.
        tested: what was found, by what is tested.
        history: of the epochs.
        facts: what metrics.json says beside the scores.
        folder: of the run.
        loggers: open ones.
    """
    every = [one for found in tested.values() for one in found]
    scores = {f"test/{key}": value for key, value in peak_scores(every).items()} if every else {}
    for name, found in tested.items():
        scores |= {f"test/{name.replace(', ', '_').replace(' ', '_')}/{k}": v for k, v in peak_scores(found).items()}
    records = [peak_table(found)[:-1].assign(tested=name) for name, found in tested.items()]
    table = pd.concat(records, ignore_index=True) if records else pd.DataFrame(columns=["record"])
    with whole_file(folder.records) as temporary:
        table.to_csv(temporary, index=False)
    curves = folder.report / "learning_curves.png"
    save_figure(learning_curves(history.table, Context(f"{config.name}: R peaks"), history.best_epoch), curves)
    loggers.figures({"learning_curves": curves})
    loggers.summary({**scores, **facts})
    provenance = read_json(folder.provenance)
    page = render(
        "report/rpeaks_page.html",
        title=f"{config.name}: R peaks",
        name=config.name,
        notices=() if facts.get("limit_batches") is None else (LIMITED,),
        simulated=False,
        head=HEAD,
        rows=peak_rows(tested),
        rule=RULE,
        worst=_worst(tested),
        curves=curves.read_bytes(),
        training=list(training_rows(facts).items()),
        command=typed(provenance),
        where=loggers.where(),
        made=how_made(provenance),
        config=yaml.safe_dump(config.as_dict(), sort_keys=False, allow_unicode=True),
    )
    write_page(folder.page, page)
    write_json(folder.metrics, {**facts, "split": "patients", "source": "physionet", **scores})
    _tell(config, tested, folder, loggers)


def _worst(tested: Mapping[str, Sequence[Detected]]) -> list[list[str]]:
    """The records with most mistakes."""
    every = [(f"{one.record} ({name})", one) for name, found in tested.items() for one in found]
    every.sort(key=lambda pair: -(pair[1].missed + pair[1].extra))
    return [_row(name, peak_scores([one])) for name, one in every[:MOST_RECORDS]]


def peak_panel(title: str, tested: Mapping[str, Sequence[Detected]]) -> NumberTable:
    """The table for the screen."""
    return NumberTable(HEAD, peak_rows(tested), RULE, title)


def _tell(
    config: RunConfig, tested: Mapping[str, Sequence[Detected]], folder: RunFolder, loggers: Loggers
) -> None:  # fmt: skip
    console = Console()
    console.print(peak_panel(f"{config.name}: R peaks of test records", tested))
    way = f"next: ecg predict FILE --rpeaks {quote(str(folder.path))}"
    said = f"run folder: {folder.path}\nreport: {folder.page}\n{loggers.where()}\n{way}"
    console.print(said, highlight=False, markup=False, soft_wrap=True)
