"""`ecg export` of a trained model of consecutive beats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from matplotlib.figure import Figure

from ecg.config.compose import compose
from ecg.data.batches import seen
from ecg.data.sequences import Runs
from ecg.export import export
from ecg.export.check import check_file, sample_to_check
from ecg.pipeline import report, run
from ecg.report.style import Context, new_figure
from ecg.runs.job import Job
from ecg.runs.run import load_run
from ecg.training.inference import probabilities

K, CONTEXT = 16, 4


def blank(*_: object, **__: object) -> dict[str, Figure]:
    """In place of a run's own figures."""
    return {name: new_figure(Context("nothing"), 2, 1) for name in ("learning_curves", "confusion")}


@pytest.fixture(scope="session")
def sequence_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch on a few simulated patients."""
    home = tmp_path_factory.mktemp("sequence")
    given = ["dataset=arrhythmia", "dataset.source=synthetic", "dataset.segmentation=window", "model=sequence",
             f"model.beats={K}", f"model.context={CONTEXT}", "dataset.synthetic.patients=6",
             "dataset.synthetic.minutes=0.5", "dataset.batch_size=64", "trainer.max_epochs=1", "logger=none",
             "bootstrap=0", f"cache_dir={home / 'cache'}"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "run_figures", blank)
        run(compose(*given), Job(home / "run"))
    return home / "run"


@pytest.fixture(scope="session")
def exported(sequence_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(sequence_run, out=tmp_path_factory.mktemp("onnx") / "model.onnx", beats=20).path


def test_it_is_checked_on_windows_around_the_runs_own_test_beats(
    sequence_run: Path, tmp_path: Path, command: Callable[..., str]
) -> None:
    said = command("export", sequence_run, "--out", tmp_path / "a.onnx", "--beats", 20)
    assert "checked on 20 of the " in said
    assert "test beats of arrhythmia, SIMULATED recordings" in said
    assert "segmentation window" in said
    assert "all labels equal" in said
    given = f"inputs signal float32 [batch, {K}, 1, 102], rhythm float32 [batch, {K}, 4], mask bool [batch, {K}]"
    assert given in said
    assert f"probabilities and logits: [batch, {K}, 5], classes N, S, V, F, Q" in said


def test_the_inputs_have_the_models_names_and_a_mask(exported: Path) -> None:
    session = onnxruntime.InferenceSession(str(exported))
    assert [(given.name, given.type, given.shape) for given in session.get_inputs()] == [
        ("signal", "tensor(float)", ["batch", K, 1, 102]),
        ("rhythm", "tensor(float)", ["batch", K, 4]),
        ("mask", "tensor(bool)", ["batch", K]),
    ]
    assert [(out.name, out.shape) for out in session.get_outputs()] == [
        ("probabilities", ["batch", K, 5]),
        ("logits", ["batch", K, 5]),
    ]


@pytest.mark.parametrize("n", [1, 2, 7, 500])
def test_logits_are_those_of_torch_for_any_number_of_windows(n: int, exported: Path, sequence_run: Path) -> None:
    model, rng = load_run(sequence_run).model, np.random.default_rng(n)
    given = {
        "signal": rng.standard_normal((n, K, 1, 102)).astype(np.float32),
        "rhythm": rng.standard_normal((n, K, 4)).astype(np.float32),
        "mask": np.arange(K) >= rng.integers(0, K, (n, 1)),
    }
    logits = onnxruntime.InferenceSession(str(exported)).run(["logits"], given)[0]
    with torch.inference_mode():
        expected = model({name: torch.from_numpy(x) for name, x in given.items()}).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    given["mask"] = np.ones_like(given["mask"])  # the mask is no constant of the file
    whole = onnxruntime.InferenceSession(str(exported)).run(["logits"], given)[0]
    assert np.abs(whole - logits).max() > 1e-3


def test_windows_of_a_record_give_the_labels_that_testing_gave(exported: Path, sequence_run: Path) -> None:
    """Who runs the file alone does so: windows in order, and of each the beats that are no context."""
    data = load_run(sequence_run).datamodule()
    data.prepare_data()
    data.setup()
    windows = Runs.of(data.beats.record).tiled(K, CONTEXT)
    tensors = {name: torch.from_numpy(data.beats.inputs[name]) for name in ("signal", "rhythm")}
    given = {name: x.numpy() for name, x in seen(tensors, torch.from_numpy(windows.rows)).items()}
    found = onnxruntime.InferenceSession(str(exported)).run(["probabilities"], given)[0]
    by_beat = np.full((len(data.beats), 5), np.nan)
    by_beat[windows.rows[windows.counted]] = found[windows.counted]
    run = load_run(sequence_run)
    np.testing.assert_allclose(by_beat, probabilities(run.model, data.beats), atol=1e-5)
    np.testing.assert_allclose(
        by_beat[data.split.test], run.predictions.filter(like="p_"), atol=1e-4
    )  # predictions.csv has four digits


def test_another_models_file_does_not_pass_the_check(exported: Path, sequence_run: Path) -> None:
    """The check compares every beat of its windows but those beyond a record's ends."""
    weights = load_run(sequence_run).weights
    sample = sample_to_check(weights, data_dir=None, most=20)
    assert len(sample.counted) == 20
    np.testing.assert_array_equal(sample.counted, sample.inputs["mask"])
    assert not sample.counted.all()
    assert check_file(exported, weights, sample).beats == sample.counted.sum()
    with torch.no_grad():
        weights.model.head.bias[0] += 1  # type: ignore[index,operator]
    assert check_file(exported, weights, sample).largest > 0.1
