"""A run's own page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
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
    assert f"<td>macro-F1</td><td>{value:.2f}</td><td>{low:.2f}-{high:.2f}</td><td>{majority:.2f}</td>" in html
    assert "majority class %" in html
    low, high = (100 * bound for bound in results.intervals["test/V/se"])
    assert f"<td>{100 * results.metrics['test/V/se']:.2f}\n{low:.2f}-{high:.2f}</td>" in html
    assert "EC57, gross" in html
    assert "by resampling whole patients" in html


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
    by_patient = {"subject/auroc": 0.875, "subject/accuracy": 0.8, "baseline/majority/subject/accuracy": 0.6}
    more = replace(
        results,
        metrics=results.metrics | by_patient,
        intervals=results.intervals | {"subject/auroc": (0.7, 0.95)},
    )
    html = _page(more, tmp_path)
    assert "<td>AUROC</td><td>87.50</td><td>70.00-95.00</td>" in html
    assert "<td>accuracy</td><td>80.00</td><td></td><td>60.00</td>" in html
    assert "per patient" not in _page(results, tmp_path)


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
