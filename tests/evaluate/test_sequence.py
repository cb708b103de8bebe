"""A run of a model of consecutive beats is evaluated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg.errors import EcgError
from ecg.evaluate import evaluate
from ecg.runs.run import load_run
from ecg.training.inference import probabilities


def labels(folder: Path) -> pd.DataFrame:
    """Probabilities by record and sample."""
    table = pd.read_csv(folder / "predictions.csv", dtype={"record": str})
    return table.set_index(["record", "sample"]).filter(like="p_")


def test_a_beat_is_labelled_the_same_whichever_beats_are_evaluated_with_it(sequence: Path, tmp_path: Path) -> None:
    """Its neighbours trained, validate or are tested: it sees them all."""
    own = labels(sequence)
    everything = labels(evaluate(sequence, subset="all", out=tmp_path / "all").folder.path)
    assert len(everything) > len(own) > 50
    assert own.to_numpy().std(axis=0).max() > 0.005
    np.testing.assert_allclose(everything.loc[own.index], own, atol=1e-4)
    val = labels(evaluate(sequence, subset="val", out=tmp_path / "val").folder.path)
    np.testing.assert_allclose(everything.loc[val.index], val, atol=1e-4)


def test_neighbours_matter_so_that_it_is_told_who_trained(sequence: Path, tmp_path: Path) -> None:
    run = load_run(sequence)
    data = run.datamodule()
    data.prepare_data()
    data.setup()
    alone = probabilities(run.model, data.beats.take(data.split.test))
    assert np.abs(alone - labels(sequence).to_numpy()).max() > 0.001
    made = evaluate(sequence, out=tmp_path / "out")
    assert made.overlap.loud
    assert made.sentence.startswith(
        "OVERLAP: no evaluated beat trained this model, but other beats of the same patients"
    )


def test_other_simulated_patients_are_new(sequence: Path, tmp_path: Path) -> None:
    made = evaluate(sequence, ["dataset.synthetic.seed=7"], subset="all", out=tmp_path / "out")
    assert made.overlap.elsewhere
    found = json.loads(made.folder.metrics.read_text())
    assert (found["overlap/beats"], found["evaluated/patients"]) == (0, 12)
    assert found["segmentation"] == "window"
    assert "records/S/se" in found


@pytest.mark.parametrize("segmentation", ["kaggle", "{name:window,rate:160}"])
def test_beats_of_another_segmentation_are_refused(segmentation: str, sequence: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match="these weights know beats of WindowSegmentation"):
        evaluate(sequence, [f"dataset.segmentation={segmentation}"], out=tmp_path / "out")
