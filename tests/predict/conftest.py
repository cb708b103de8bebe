"""One simulated minute in every format, and weights that were never trained: labels mean nothing, but are the same."""

from __future__ import annotations

from pathlib import Path

import edfio
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.segmentations import KaggleSegmentation
from ecg.config.compose import compose
from ecg.data.info import DataInfo
from ecg.models import MODELS
from ecg.pipeline import report, run
from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own
from ecg.recordings.leads import one_lead
from ecg.recordings.recording import Recording
from ecg.recordings.synthetic import write_arrhythmia
from ecg.recordings.wfdb_files import read_record
from ecg.report.style import Context, new_figure
from ecg.runs.job import Job
from ecg.runs.weights import Weights, load_weights, save_weights

LEADS = ("MLII", "V5")


def info(classes: tuple[str, ...] = AAMI_CLASSES, dataset: str = "arrhythmia") -> DataInfo:
    return DataInfo(
        dataset=dataset,
        classes=classes,
        source="synthetic",
        simulated=True,
        segmentation="kaggle",
        fs=120.0,
        r_peak_s=0.0,
        shapes={"signal": (1, 187)},
        leads=LEADS,
        wanted=("first",),
        databases=(),
        split="patients",
        by_patient=True,
        notes=("A note of the split.",),
        fingerprint="0",
        counts={},
    )


def write_weights(path: Path, described: DataInfo, recording: Recording) -> Path:
    """Weights as chance made them, but for the head: its logits differ from beat to beat, so labels do."""
    torch.manual_seed(3)
    model = MODELS["kachuee"](input_shape=described.shape, n_classes=len(described.classes)).eval()
    head = next(part for part in model.head.modules() if isinstance(part, torch.nn.Linear))
    with torch.no_grad():
        logits = model(torch.from_numpy(KaggleSegmentation()(one_lead(recording, 0, "MLII")).signal))
        head.weight.mul_(3 / logits.std(0)[:, None])
        head.bias.sub_(logits.mean(0)).mul_(3 / logits.std(0))
    save_weights(
        path,
        model.state_dict(),
        info=described,
        model={"name": "kachuee"},
        segmentation={"name": "kaggle"},
        training={"test/macro_f1": 0.123, "limit_batches": None},
    )
    return path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sim000, sim001: a simulated minute each, with annotations."""
    made = tmp_path_factory.mktemp("simulated")
    write_arrhythmia(made, patients=2, minutes=1, seed=5)
    return made


@pytest.fixture(scope="session")
def recording(folder: Path) -> Recording:
    return read_record(folder / "sim001")


@pytest.fixture(scope="session")
def weights_path(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights") / "weights.safetensors", info(), recording)


@pytest.fixture(scope="session")
def weights(weights_path: Path) -> Weights:
    return load_weights(weights_path)


@pytest.fixture(scope="session")
def own(folder: Path) -> OwnRecording:
    return read_own(find_inputs([folder / "sim001"])[0], Asked(preferred=LEADS))


def blank(*_: object, **__: object) -> dict[str, Figure]:
    """In place of a run's figures."""
    return {name: new_figure(Context("nothing"), 2, 1) for name in ("learning_curves", "confusion")}


@pytest.fixture(scope="session")
def sequence_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch of a model of 16 consecutive beats, on a few simulated patients."""
    home = tmp_path_factory.mktemp("sequence")
    given = ["dataset=arrhythmia", "dataset.source=synthetic", "dataset.segmentation=window", "model=sequence",
             "model.beats=16", "model.context=4", "dataset.synthetic.patients=6", "dataset.synthetic.minutes=0.5",
             "dataset.batch_size=64", "trainer.max_epochs=1", "logger=none", "bootstrap=0",
             f"cache_dir={home / 'cache'}"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "run_figures", blank)
        run(compose(*given), Job(home / "run"))
    return home / "run"


def write_edf(path: Path, recording: Recording, labels: tuple[str, ...] = LEADS) -> Path:
    signals = []
    for i, label in enumerate(labels):
        digital = (recording.digital[i] - recording.baseline[i]).astype(np.int16)
        bound = 2047 / recording.gain[i]
        signals.append(
            edfio.EdfSignal.from_digital(
                digital,
                recording.fs,
                label=label,
                physical_dimension="mV",
                physical_range=(-bound, bound),
                digital_range=(-2047, 2047),
            )
        )
    edfio.Edf(signals).write(path)
    return path


def write_csv(path: Path, recording: Recording, values: np.ndarray | None = None) -> Path:
    lines = ["time,V5,MLII"]
    other, lead = recording.millivolts(1), recording.millivolts(0) if values is None else values
    for i in range(recording.n_samples):
        cell = "" if np.isnan(lead[i]) else f"{lead[i]:.4f}"
        lines.append(f"{i / recording.fs:.6f},{other[i]:.4f},{cell}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
