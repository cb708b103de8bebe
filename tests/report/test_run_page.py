"""A run's own page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecg.beats.table import Beats
from ecg.data.info import DataInfo
from ecg.report.results import Results, score
from ecg.report.run_page import run_page
from ecg.report.save import save_figure
from ecg.report.style import Context, new_figure

from .conftest import AAMI

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*(?!["']?(?:data:|\#))|url\(|@import|https?://|fetch\(|XMLHttp|WebSocket""")
LEAK = "Beats of the same patients are in training and test."
FACTS: dict[str, object] = {
    "model": "cnn",
    "seed": 3,
    "params/total": 5_125_125,
    "params/trainable": 270_690,
    "time/fit_s": 533.2,
    "time/total_s": 600.0,
    "best_epoch": 4,
    "limit_batches": None,
    "transfer/trainable_layers": 3,
    "transfer/layers": 8,
    "transfer/features": "source",
    "transfer/init": "fresh",
}
PROVENANCE: dict[str, Any] = {
    "git": {"commit": "b5a03fe", "dirty": True},
    "command": ["train.py", "dataset=mi", "transfer.source=a b"],
    "versions": {"torch": "2.13.0"},
    "host": {"name": "vm", "cores": 2},
    "data_fingerprint": "f00d",
    "started": "2026-11-23T05:12:59+00:00",
}


@pytest.fixture
def results() -> Results:
    rng, n = np.random.default_rng(0), 400
    y = rng.integers(0, 5, n)
    names = np.array([f"r{i // 50}" for i in range(n)])
    beats = Beats(
        inputs={"signal": np.zeros((n, 1, 187), dtype=np.float32)},
        y=y,
        symbol=np.array(AAMI)[y],
        record=names,
        patient=names,
        database=np.full(n, "mitdb"),
        lead=np.full(n, "MLII"),
        sample=np.arange(n) * 1000,
        seconds=np.arange(n) * 0.8 + 400,
        rr_before=np.full(n, 0.8, dtype=np.float32),
        rr_after=np.full(n, 0.8, dtype=np.float32),
    )
    info = DataInfo(
        dataset="arrhythmia",
        classes=tuple(AAMI),
        source="physionet",
        simulated=False,
        segmentation="kaggle",
        fs=120.0,
        r_peak_s=0.0,
        shapes={"signal": (1, 187)},
        leads=("MLII",),
        wanted=("MLII|II|V5",),
        databases=("mitdb",),
        split="patients",
        by_patient=True,
        notes=(LEAK,),
        fingerprint="f00d",
        counts={"train": dict.fromkeys(AAMI, 1234), "test": dict.fromkeys(AAMI, 80)},
        facts={"r_peaks": "sleepecg 0.6.0", "beats_left_out": {"flat lead": 12, "impossible RR": 3456}},
    )
    probabilities = rng.dirichlet(np.ones(5), n).astype(np.float32)
    baselines = {"majority": np.tile(np.eye(5)[0], (n, 1))}
    return score(info, beats, probabilities, replicates=20, seed=0, baselines=baselines)


def _page(results: Results, folder: Path, **facts: object) -> str:
    paths = {}
    for name in ("learning_curves", "something_new"):
        paths[name] = folder / f"{name}.png"
        save_figure(new_figure(Context("t"), 4, 3), paths[name])
    config = {"dataset": {"name": "mi"}, "seed": 3}
    return run_page(
        "mi-cnn-k3-seed3",
        results,
        paths,
        facts=FACTS | facts,
        config=config,
        provenance=PROVENANCE,
        where="upload  wandb sync x",
    )


def test_it_stands_alone_and_says_first_what_its_numbers_are_worth(results: Results, tmp_path: Path) -> None:
    html = _page(results, tmp_path)
    assert not OUTSIDE.search(html)
    assert "default-src 'none'" in html
    assert html.index(LEAK) < html.index("<h2>Results")
    assert (
        "<title>mi-cnn-k3-seed3: arrhythmia, source physionet (mitdb), segmentation kaggle, split patients</title>"
        in html
    )
    assert html.count("<img") == 2
    assert "<figcaption>Left: the loss on training and validation beats" in html
    assert "Something new" in html


def test_headline_classes_and_protocols_have_their_numbers(results: Results, tmp_path: Path) -> None:
    html = _page(results, tmp_path)
    low, high = (100 * bound for bound in results.intervals["test/macro_f1"])
    value = 100 * results.metrics["test/macro_f1"]
    majority = 100 * results.metrics["baseline/majority/test/macro_f1"]
    assert f'<strong>{value:.2f}</strong> %\n<div class="faint"><div>{low:.2f}-{high:.2f}</div>' in html
    assert f"<div>majority class {majority:.2f}</div>" in html
    low, high = (100 * bound for bound in results.intervals["test/V/se"])
    assert f"<td>{100 * results.metrics['test/V/se']:.2f}\n{low:.2f}-{high:.2f}</td>" in html
    assert "EC57, gross" in html
    assert "by resampling whole patients" in html


def test_terms_are_explained_where_they_stand(results: Results, tmp_path: Path) -> None:
    html = _page(results, tmp_path)
    assert '<abbr title="ventricular ectopic beats: premature, from the ventricles">V</abbr>' in html
    assert '<abbr title="sensitivity, or recall: share of the class that was found">Se %</abbr>' in html


def test_a_model_below_the_nearest_neighbour_is_told_first(results: Results, tmp_path: Path) -> None:
    key, other = "test/macro_f1", "baseline/nearest/test/macro_f1"
    for own, theirs, said in (
        (0.5, 0.6, "below the 60.0 % of nearest neighbour."),
        (0.7, 0.6, "above the 60.0 %"),
    ):
        html = _page(replace(results, metrics=results.metrics | {key: own, other: theirs}), tmp_path)
        assert html.index(f"Macro-F1 {100 * own:.1f} %, {said}") < html.index("<strong>")
    assert 'class="verdict"' not in _page(results, tmp_path)


def test_records_come_worst_first_and_can_be_sorted(results: Results, tmp_path: Path) -> None:
    assert results.records is not None
    html = _page(results, tmp_path)
    part = html[html.index("<h2>By record</h2>") :]
    worst, *_, best = results.records["accuracy"].sort_values().index
    assert part.index(f'<td data-by="{worst}">') < part.index(f'<td data-by="{best}">')
    assert '<th><button type="button">accuracy %</button></th>' in part
    hidden = replace(results, records=None)
    assert "By record" not in _page(hidden, tmp_path)


def test_patients_with_a_diagnosis_have_a_row_each_the_most_wrong_first(results: Results, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"beats": [5, 6, 7], "label": ["N", "Q", "Q"], "predicted": ["N", "N", "Q"], "p_Q": [0.2, 0.1, 0.9]},
        index=pd.Index(["a", "b", "c"], name="patient"),
    )
    html = _page(replace(results, subjects=table), tmp_path)
    part = html[html.index("<h2>By patient</h2>") :]
    assert part.index('data-by="b"') < part.index('data-by="a"') < part.index('data-by="c"')
    many = pd.concat([table] * 100).reset_index(drop=True).rename_axis("patient")
    assert "100 more are in subjects.csv" in _page(replace(results, subjects=many), tmp_path)


def test_how_it_was_made_is_told(results: Results, tmp_path: Path) -> None:
    html = _page(results, tmp_path)
    assert "270,690 of 5,125,125 (5.282 %)" in html
    assert "the last 3 of 8" in html
    assert "8 min 53 s" in html
    assert "python train.py dataset=mi &#39;transfer.source=a b&#39;" in html
    assert "b5a03fe, with changes that were not committed" in html
    assert "upload  wandb sync x" in html
    assert "dataset:\n  name: mi" in html
    assert "beats left out: 12 flat lead, 3,456 impossible RR" in html
    assert "187 samples at 120 Hz (1.56 s)" in html


def test_a_run_from_scratch_has_no_word_of_transfer(results: Results, tmp_path: Path) -> None:
    assert "layers retrained" not in _page(results, tmp_path, **{"transfer/trainable_layers": None})


def test_a_try_and_simulated_recordings_are_marked_first(results: Results, tmp_path: Path) -> None:
    made_up = replace(results, info=replace(results.info, simulated=True))
    html = _page(made_up, tmp_path, limit_batches=2)
    assert html.index("SIMULATED") < html.index("its numbers are no results") < html.index(LEAK)
    assert "no results" not in _page(results, tmp_path)


def test_scores_by_patient_stand_beside_those_by_beat(results: Results, tmp_path: Path) -> None:
    by_patient = {
        "subject/auroc": 0.875,
        "subject/accuracy": 0.8,
        "subject/count": 12.0,
        "baseline/majority/subject/accuracy": 0.6,
    }
    more = replace(
        results,
        metrics=results.metrics | by_patient,
        intervals=results.intervals | {"subject/auroc": (0.7, 0.95)},
    )
    html = _page(more, tmp_path)
    assert "<h3>Per patient: 12 test patients</h3>" in html
    assert '<strong>87.50</strong> %\n<div class="faint"><div>70.00-95.00</div>' in html
    assert '<strong>80.00</strong> %\n<div class="faint"><div>majority class 60.00</div>' in html
    assert "Per patient" not in _page(results, tmp_path)


def test_what_comes_from_files_is_text_and_no_markup(results: Results, tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    info = replace(
        results.info,
        classes=(bad, *results.info.classes[1:]),
        notes=(bad,),
        leads=(bad,),
        counts={bad: {bad: 1}},
        facts={bad: bad},
    )
    provenance = {"git": {"commit": bad}, "command": [bad], "versions": {bad: bad}, "host": {"name": bad}}
    html = run_page(
        bad,
        replace(results, info=info),
        {},
        facts={"model": bad, "transfer/trainable_layers": bad},
        config={bad: bad},
        provenance=provenance,
        where=bad,
    )
    assert html.count("<script>") == 1  # sorting
    assert html.count("&lt;script&gt;alert(1)") > 15
