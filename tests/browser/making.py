"""One page of each kind, as the commands write them: simulated recordings, models of one epoch, blank figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from jinja2 import Template
from matplotlib.figure import Figure

from ecg.config.compose import compose
from ecg.report.style import Context, new_figure

from .strange import strange

SMALL = ("dataset.source=synthetic", "dataset.split=patients", "dataset.synthetic.patients=12",
         "dataset.synthetic.minutes=0.5", "dataset.batch_size=64", "model=kachuee", "trainer.max_epochs=1",
         "logger=none", "bootstrap=20")  # fmt: skip
PEAKS = ("experiment=rpeaks", "dataset.databases=[browser_tiny.TINY]", "dataset.noise=false", "dataset.windows=8",
         "dataset.batch_size=4", "dataset.val_fraction=0.34", "model.channels=[4,4]", "model.dilations=[1]",
         "trainer=cpu", "trainer.max_epochs=1", "logger=none", "threads=1", "scheduler.pct_start=0.3")  # fmt: skip
TINY = """from ecg.recordings.databases import BeatDatabase
TINY = BeatDatabase(name="tiny", title="Tiny", test=("sim003",), left_out=())
"""
INCHES = {"learning_curves": (12, 6.5), "confusion": (10.5, 8), "reliability": (10, 8.5), "strip": (13.3, 8)}
FIBRILLATION = {"stretches_s": [[2.0, 33.5], [40.0, 55.0]], "share_of_time": 0.775}


def blank(*_: object, **__: object) -> dict[str, Figure]:
    """In place of a run's figures, as wide as those are."""
    return {name: new_figure(Context("nothing"), *size) for name, size in INCHES.items()}


class Pages:
    """Makes pages when they are asked for; what one process has made the others find.

    Args:
        home: a folder that the processes share.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, name: str, *, odd: bool = False) -> Path:
        """The page of one of `MAKERS`; `odd`: with a strange name behind all of its words."""
        self.home.mkdir(parents=True, exist_ok=True)
        page, strange_one = (self.home / f"{name}{ending}.html" for ending in ("", "-strange"))
        with FileLock(self.home / f"{name}.lock"):
            if not page.exists():
                template, data, html = rendered_last(lambda: MAKERS[name](self))
                strange_one.write_text(template.render(strange(data), titles=[], met=[]), encoding="utf-8")
                page.write_text(html, encoding="utf-8")
        return strange_one if odd else page

    def run_of(self, name: str) -> Path:
        """The folder of the run whose page has this name."""
        self(name)
        return self.home / "runs" / name


def rendered_last(work: Callable[[], object]) -> tuple[Template, dict[str, Any], str]:
    """The last page that is rendered by `work`: its template, its data and itself."""
    found: list[tuple[Template, dict[str, Any], str]] = []
    usual = Template.render

    def render(self: Template, data: dict[str, Any], **more: Any) -> str:
        found.append((self, data, usual(self, data, **more)))
        return found[-1][-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", render)
        work()
    return found[-1]


def _trained(pages: Pages, name: str, *settings: str) -> None:
    from ecg.pipeline import report, run
    from ecg.runs.job import Job

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "run_figures", blank)
        run(compose(*settings, f"cache_dir={pages.home / 'cache'}"), Job(pages.home / "runs" / name))


def _run(pages: Pages) -> None:
    _trained(pages, "run", "dataset=arrhythmia", *SMALL)


def _other_run(pages: Pages) -> None:
    _trained(pages, "other_run", "dataset=arrhythmia", *SMALL, "seed=1")


def _diagnosis(pages: Pages) -> None:
    from ecg.metrics.diagnosis import scorers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scorers, "N_TREES", 5)
        _trained(pages, "diagnosis", "dataset=mi", "dataset.beats_per_patient=10", *SMALL)


def _rpeaks(pages: Pages) -> None:
    from ecg.recordings.synthetic import write_arrhythmia

    data = pages.home / "rpeaks"
    write_arrhythmia(data / "tiny", patients=4, minutes=0.5, seed=0)
    (data / "browser_tiny.py").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(data))
        _trained(pages, "rpeaks", *PEAKS, f"data_dir={data}")


def _evaluation(pages: Pages) -> None:
    from ecg.evaluate import files
    from ecg.evaluate.pipeline import evaluate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "run_figures", blank)
        evaluate(pages.run_of("diagnosis"), ["dataset.synthetic.patients=14"], out=pages.home / "evaluation")


def _comparison(pages: Pages) -> None:
    from ecg.compare.pipeline import compare_runs

    runs = [pages.run_of("run"), pages.run_of("other_run"), pages.home / "runs" / "failed"]
    runs[-1].mkdir(exist_ok=True)
    (runs[-1] / "config.yaml").write_text((runs[0] / "config.yaml").read_text())
    (runs[-1] / "error.txt").write_text("lead ii is missing\ndataset=arrhythmia\n")
    compare_runs(runs, out=pages.home / "comparison")


def _explanation(pages: Pages) -> None:
    from ecg.explain import pipeline
    from ecg.explain.study import Amounts

    few, figures = Amounts(probed=60, mapped=8, tested=1, shown=20, draws=1), pipeline._figures
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Amounts, "of", lambda _: few)
        undrawn = lambda: new_figure(Context("nothing"), 6, 5)  # noqa: E731
        patch.setattr(pipeline, "_figures", lambda found: [(name, undrawn) for name, _ in figures(found)])
        pipeline.explain([pages.run_of("run")], out=pages.home / "explanation")


def _recording(pages: Pages) -> None:
    """A minute with all that the page can show: two stretches of fibrillation, beats that are unsure or mistaken."""
    from ecg.predict.labelled import label_beats
    from ecg.predict.page import record_page
    from ecg.predict.pipeline import _compared
    from ecg.predict.scores import score
    from ecg.predict.summary import summary
    from ecg.predict.trust import trust
    from ecg.recordings.formats import Asked, find_inputs, read_own
    from ecg.recordings.synthetic import write_arrhythmia
    from ecg.runs.shipped import DEFAULT
    from ecg.runs.weights import load_weights

    folder = pages.home / "recording"
    write_arrhythmia(folder, patients=2, minutes=1, seed=5)
    known = trust(load_weights(Path(DEFAULT)))
    found = label_beats(read_own(find_inputs([folder / "sim001"])[0], Asked(preferred=known.weights.info.preferred)),
                        known.weights)  # fmt: skip
    label, probability = found.label.copy(), found.probability.copy()
    label[10] = found.classes.index("V")  # a normal beat
    probability[10] = np.where(np.arange(len(found.classes)) == label[10], 0.4, 0.15)
    labelled = replace(found, label=label, probability=probability)
    compared = _compared(labelled)
    assert compared is not None
    said = summary(labelled, known, score([compared], labelled.classes), ())
    record_page(labelled, said | {"atrial_fibrillation": FIBRILLATION}, known, compared, ["sim001.csv"])


def _overview(pages: Pages) -> None:
    from ecg.predict.overview import write_overview
    from ecg.predict.pipeline import predict
    from ecg.recordings.synthetic import write_arrhythmia
    from ecg.runs.shipped import DEFAULT

    folder, out = pages.home / "recordings", pages.home / "labelled"
    write_arrhythmia(folder, patients=3, minutes=0.5, seed=5)
    (folder / "sim002.dat").write_text("text\n" * 100_000)
    nothing: Any = dict.fromkeys(("fs", "lead", "unit"))
    known, _, outcomes = predict([folder], Path(DEFAULT), out, **nothing, force=True)
    write_overview(out, list(outcomes), known, None)


def _search(pages: Pages) -> None:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.trial import TrialState, create_trial

    from ecg.runs.study import StudyFolder
    from ecg.search import result
    from ecg.search.space import Space

    study, folder = optuna.create_study(direction="maximize"), pages.home / "search"
    (folder / "study").mkdir(parents=True)
    varied: dict[str, BaseDistribution] = {"model.dropout": FloatDistribution(0, 0.5)}
    varied["optimizer"] = CategoricalDistribution(["adamw", "adam"])
    for i, state in enumerate([TrialState.COMPLETE] * 3 + [TrialState.PRUNED]):
        values = {"model.dropout": 0.1 * i, "optimizer": ["adam", "adamw"][i % 2]}
        steps = {1: 0.3, 2: 0.4 + 0.05 * i}
        study.add_trial(
            create_trial(state=state, params=values, distributions=varied, value=steps[2], intermediate_values=steps)
        )
    space = Space(varied, ("dataset=mi", "model=kachuee"), dict.fromkeys(varied, "interval(0,0.5)"))
    with pytest.MonkeyPatch.context() as patch:
        drawn = [(name, new_figure(Context("nothing"), 6, 5)) for name in result.TITLES]
        patch.setattr(result, "_figures", lambda *_: drawn)
        result.tell_result(StudyFolder(folder), study, space, compose("dataset=mi", "dataset.source=synthetic"))


MAKERS: Mapping[str, Callable[[Pages], None]] = {
    "run": _run,
    "other_run": _other_run,
    "diagnosis": _diagnosis,
    "rpeaks": _rpeaks,
    "evaluation": _evaluation,
    "comparison": _comparison,
    "explanation": _explanation,
    "recording": _recording,
    "overview": _overview,
    "search": _search,
}
NAMES = [name for name in MAKERS if name != "other_run"]
