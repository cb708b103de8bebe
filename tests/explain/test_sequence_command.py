"""`ecg explain` of a trained model of consecutive beats."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ecg.config.compose import compose
from ecg.explain.maps import METHODS, answers
from ecg.explain.study import Amounts
from ecg.explain.subject import load_subject
from ecg.pipeline import report, run
from ecg.report.style import Context, new_figure
from ecg.runs.job import Job
from ecg.runs.run import load_run

from .test_command import SMALL, explain, three_of

LAYERS = ["wave1", "wave2", "shape", "intervals", "beat", "near", "far", "head"]


def blank(*_: object, **__: object) -> dict[str, Figure]:
    """In place of a run's own figures."""
    return {name: new_figure(Context("nothing"), 2, 1) for name in ("learning_curves", "confusion")}


@pytest.fixture(scope="session")
def sequence_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch on a few simulated patients; its windows hold half of a record's beats."""
    home = tmp_path_factory.mktemp("sequence")
    given = ["dataset=arrhythmia", "dataset.source=synthetic", "dataset.segmentation=window", "model=sequence",
             "model.beats=16", "model.context=4", "dataset.synthetic.patients=16", "dataset.synthetic.minutes=0.5",
             "dataset.batch_size=64", "trainer.max_epochs=1", "logger=none", "bootstrap=0",
             f"cache_dir={home / 'cache'}"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "run_figures", blank)
        run(compose(*given), Job(home / "run"))
    return home / "run"


@pytest.fixture(scope="session")
def explained(sequence_run: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Amounts, "of", lambda beats: SMALL)
        patch.setattr("ecg.explain.study.telling_beats", three_of)
        result = explain(sequence_run, "--beats", 100)
    assert result.exit_code == 0, result.output
    return sequence_run / "explain"


def test_writes_page_tables_and_figures(explained: Path) -> None:
    page = (explained / "index.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "SIMULATED" in page
    assert page.count("<img") == len(list(explained.glob("*.png")))
    figures = {path.stem for path in explained.glob("*.png")}
    assert {"saliency", "classes", "waves", "agreement", "random_weights", "deletion", "probes"} <= figures
    assert {"embeddings_class", "embeddings_record", "layers_borderline_beat"} <= figures


def test_the_maps_are_of_the_beats_own_signal(explained: Path) -> None:
    attribution = pd.read_csv(explained / "attribution.csv")
    np.testing.assert_allclose(attribution.groupby(["class", "method"])["share"].sum(), 1, atol=0.01)
    assert set(attribution["method"]) == set(METHODS)
    assert {"before", "P", "QRS", "ST", "T"} <= set(attribution["region"])  # the window begins before the R peak
    trust = pd.read_csv(explained / "trust.csv")
    completeness = trust[trust["check"] == "error of completeness"]
    assert completeness["mean"].max() < 0.1
    fallen = trust[(trust["check"] == "rank correlation after random weights") & (trust["method"] == METHODS[0])]
    assert list(fallen["of"]) == [f"head to {layer}" for layer in reversed(LAYERS)]


def test_the_evidence_is_shared_out_among_signal_rhythm_and_neighbours(explained: Path) -> None:
    table = pd.read_csv(explained / "inputs.csv")
    assert set(zip(table["input"], table["of"], strict=True)) == {
        (name, of) for name in ("signal", "rhythm") for of in ("the beat itself", "its neighbours")
    }
    np.testing.assert_allclose(table.groupby("class")["share"].sum(), 1, atol=0.01)
    assert "inputs.csv" in (explained / "index.html").read_text()


def test_every_layer_and_the_other_input_are_asked(explained: Path) -> None:
    probes = pd.read_csv(explained / "probes.csv")
    assert set(probes["model"]) == {"trained", "untrained"}
    assert set(probes["what"]) == {"class", "record"}
    for _, rows in probes.groupby(["what", "model"]):
        assert list(rows["layer"]) == ["input", "rhythm", *LAYERS]
    assert probes["score"].between(0, 1).all()


def test_a_tested_beat_sees_its_neighbours_of_every_subset(sequence_run: Path) -> None:
    """As in testing: what the page explains is what the run's own predictions are."""
    subject = load_subject([sequence_run])
    own = load_run(sequence_run).predictions.filter(like="p_").to_numpy()
    found = answers(subject.weights.model, subject.look(subject.test))
    assert own.std(axis=0).max() > 0.003
    np.testing.assert_allclose(found, own, atol=1e-4)


def test_grad_cam_looks_at_no_layer_of_consecutive_beats(sequence_run: Path, tmp_path: Path) -> None:
    result = explain(sequence_run, "--layer", "near", "--out", tmp_path)
    assert "--layer near: the model has no such layer that keeps time; it has wave1, wave2" in str(result.exception)
