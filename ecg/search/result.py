"""What came of a search: its best settings as a command and as a file, its trials as a table, and a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml  # type: ignore[import-untyped]
from rich.console import Console

from ecg.atomic import whole_file, whole_text
from ecg.compare.measures import Measure
from ecg.config import RunConfig
from ecg.page import Cell, render, write_page
from ecg.page.numbers import count
from ecg.report.tables import NumberTable
from ecg.runs.run import read_run
from ecg.runs.study import StudyFolder
from ecg.search.space import Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study
    from optuna.trial import FrozenTrial

STATES = {
    "COMPLETE": "finished",
    "PRUNED": "stopped early",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "to come",
}
HONEST = (
    "The best of many validation scores is a little too good; no trial looked at the test subset. The command trains "
    "with the best settings and tests once."
)
SHOWN = 10
"""Trials in the terminal."""
_FILED = ("hparams_search", "hydra", "logger", "output_dir", "data_dir", "cache_dir", "threads", "rerun", "test")
"""Settings that say where results go, not what they are."""


def tell_result(folder: StudyFolder, study: Study, space: Space, config: RunConfig) -> None:
    """Write trials.csv, best.yaml and index.html beside the study, and tell the best settings on the screen.

    Args:
        folder: of the study.
        study: as it is now; other processes may go on with it.
        space: that was searched.
        config: of a run with the settings as they are.
    """
    trials = study.get_trials(deepcopy=False)
    measure = Measure(config.monitor)
    _write_trials(folder.path / "trials.csv", trials, config.monitor)
    console = Console(highlight=False)
    console.print(_table(_ranked(trials, study), space, measure, SHOWN))
    told = _verdict(trials, study, measure)
    best = _best(trials, study)
    command = ""
    if best is not None:
        command = f"python train.py {' '.join(quote(word) for word in settings(space, best.params))}"
        whole_text(folder.path / "best.yaml", best_yaml(space, best, told))
    for name, figure in _figures(study, space, measure.name):
        with whole_file(folder.path / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=100, bbox_inches="tight")
    _write_page(folder, study, space, measure, told, command)
    for line in [*told, *_failures(folder, trials)]:
        console.print(f"- {line}", markup=False)
    if command:
        print(f"best settings: {folder.path / 'best.yaml'}\n  {command}")
    print(f"report: {folder.path / 'index.html'}")


def _failures(folder: StudyFolder, trials: Sequence[FrozenTrial]) -> list[str]:
    """Why trials failed, as their folders say."""
    failed = [one.number for one in trials if one.state.name == "FAIL"]
    runs = [(number, read_run(path)) for number in failed for path in sorted(folder.sweep.glob(f"{number}_*/"))]
    return [f"trial {number} failed: {run.reason}" for number, run in runs]


def settings(space: Space, values: dict[str, Any]) -> list[str]:
    """What to type for a run with these values, without what belongs to the search and to where results go."""
    fixed = [word for word in space.fixed if not word.lstrip("+~").startswith(_FILED)]
    return [*fixed, *space.typed(values)]


def best_yaml(space: Space, best: FrozenTrial, told: Sequence[str]) -> str:
    """The best settings as a file for conf/experiment."""
    words = [word.partition("=") for word in settings(space, best.params)]
    typed = [(key.lstrip("+"), yaml.safe_load(value)) for key, equals, value in words if equals]
    groups = [(key, value) for key, value in typed if "." not in key and _is_group(key)]
    tree: dict[str, Any] = {}
    if groups:
        chosen = [value if key == "experiment" else {f"override /{key}": value} for key, value in groups]
        tree["defaults"] = [*chosen, "_self_"]
    for key, value in typed:
        if (key, value) not in groups:
            *above, last = key.split(".")
            place = tree
            for part in above:
                place = place.setdefault(part, {})
            place[last] = value
    head = "".join(f"# {line}\n" for line in told)
    use = "# As conf/experiment/NAME.yaml: python train.py experiment=NAME\n"
    return f"# @package _global_\n{head}{use}{yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)}"


def _is_group(key: str) -> bool:
    from ecg.config.compose import groups

    return key in groups()


def _best(trials: Sequence[FrozenTrial], study: Study) -> FrozenTrial | None:
    return next((one for one in _ranked(trials, study) if one.state.name == "COMPLETE"), None)


def _ranked(trials: Sequence[FrozenTrial], study: Study) -> list[FrozenTrial]:
    """The best first; then those that were stopped early, by what they had reached, then the others."""
    sign = 1 if study.direction.name == "MINIMIZE" else -1

    def order(one: FrozenTrial) -> tuple[int, float]:
        value = one.value if one.state.name in ("COMPLETE", "PRUNED") else None
        return list(STATES).index(one.state.name), float("inf") if value is None else sign * value

    return sorted(trials, key=order)


def _verdict(trials: Sequence[FrozenTrial], study: Study, measure: Measure) -> list[str]:
    """How many trials there were, which is best, and what the settings as they are give."""
    states = pd.Series([STATES[one.state.name] for one in trials]).value_counts()
    there = ", ".join(f"{states[word]} {word}" for word in STATES.values() if word in states)
    lines = [f"{len(trials)} trial{'s' * (len(trials) != 1)} by {measure.name}: {there}."]
    if (best := _best(trials, study)) is None:
        return [*lines, "No trial finished: there are no best settings yet."]
    said = f"Best: trial {best.number} with {measure.show(best.value)}{measure.unit}"
    present = next((one for one in trials if one.system_attrs.get("fixed_params")), None)
    if present is not None and present.value is not None and present.state.name == "COMPLETE":
        same = present.number == best.number
        shown = f"{measure.show(present.value)}{measure.unit}"
        said += ", which has the settings as they are" if same else f"; the settings as they are have {shown}"
    return [*lines, f"{said}.", HONEST]


def _table(trials: Sequence[FrozenTrial], space: Space, measure: Measure, most: int) -> NumberTable:
    rows = [_row(one, space, measure) for one in trials[:most]]
    more = f"And {len(trials) - most} more: trials.csv." if len(trials) > most else ""
    score = f"{measure.name.removeprefix('validation ')}{measure.unit}"
    head = ("trial", "state", score, "epochs", *(key.rpartition(".")[2] for key in space.varied))
    return NumberTable(head, rows, more, f"trials by {measure.name}, the best first", words=2, gap=0)


def _row(one: FrozenTrial, space: Space, measure: Measure) -> list[object]:
    value = one.value if one.value is not None else max(one.intermediate_values.items(), default=(0, None))[1]
    epochs = max(one.intermediate_values, default=0)
    given = (one.params.get(key) for key in space.varied)
    return [
        Cell(str(one.number), one.number),
        STATES[one.state.name],
        Cell(measure.show(value), value),
        Cell(count(epochs), epochs),
        *(Cell(f"{x:.4g}", x) if isinstance(x, float) else "-" if x is None else str(x) for x in given),
    ]


def _write_trials(path: Path, trials: Sequence[FrozenTrial], monitor: str) -> None:
    rows = [
        {
            "trial": one.number,
            "state": STATES[one.state.name],
            monitor: one.value,
            "epochs": max(one.intermediate_values, default=0),
            "begun": one.datetime_start,
            "ended": one.datetime_complete,
            **one.params,
        }
        for one in trials
    ]
    with whole_file(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


def _figures(study: Study, space: Space, measured: str) -> Iterator[tuple[str, Figure]]:
    """Optuna's own plots of what is measured, those that the trials suffice for."""
    import matplotlib as mpl

    mpl.use("Agg")
    logging.getLogger("matplotlib.category").setLevel(logging.WARNING)  # choices may look like numbers
    from matplotlib import pyplot as plt
    from optuna.visualization import matplotlib as plots

    finished = sum(one.state.name == "COMPLETE" for one in study.get_trials(deepcopy=False))
    wanted: dict[str, Callable[[], object]] = {
        "history": partial(plots.plot_optimization_history, study, target_name=measured),
        "epochs": partial(plots.plot_intermediate_values, study),
    }
    if finished >= 2 * len(space.varied):  # with fewer, a forest of trees has nothing to split
        wanted["importance"] = partial(plots.plot_param_importances, study, target_name=measured)
    wanted["slices"] = partial(plots.plot_slice, study, target_name=measured)
    for name, draw in wanted.items() if finished else ():
        try:
            draw()
        except (ValueError, RuntimeError):  # e.g. all trials have the same value
            plt.close("all")
            continue
        yield name, plt.gcf()
        plt.close("all")


TITLES = {
    "history": "Best value by trial",
    "importance": "How much each setting matters",
    "slices": "Each setting",
    "epochs": "Epoch by epoch",
}


def _write_page(
    folder: StudyFolder, study: Study, space: Space, measure: Measure, told: Sequence[str], command: str
) -> None:
    trials = _ranked(study.get_trials(deepcopy=False), study)
    table = _table(trials, space, measure, len(trials))
    files = {name: folder.path / f"{name}.png" for name in TITLES}
    made = render(
        "search/page.html",
        title=f"Search of {folder.sweep.name}",
        notices=[],
        simulated=False,
        said=told,
        command=command,
        space=[(key, words) for key, words in space.words.items()],
        fixed=" ".join(space.fixed),
        head=table.head,
        rows=table.rows,
        pictures=[(TITLES[name], file.read_bytes()) for name, file in files.items() if file.is_file()],
    )
    write_page(folder.path / "index.html", made)
