"""Recordings and beat tables made by hand, and all real beats of MIT-BIH."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.segmentations import KaggleSegmentation
from ecg.beats.table import SIGNAL, Beats
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Annotations, Recording
from ecg.recordings.synthetic import write_arrhythmia
from ecg.recordings.wfdb_files import read_record


def _recording(
    signal: np.ndarray,
    sample: Sequence[int],
    symbol: Sequence[str],
    *,
    fs: float = 360.0,
    leads: tuple[str, ...] = ("MLII",),
    record: str = "x",
) -> Recording:
    n = len(leads)
    return Recording(
        record=record,
        patient=f"patient of {record}",
        digital=np.stack([np.asarray(signal, dtype=np.int32)] + [np.zeros(len(signal), np.int32)] * (n - 1)),
        gain=np.full(n, 200.0),
        baseline=np.zeros(n, dtype=np.int32),
        fs=fs,
        leads=leads,
        annotations=Annotations(np.asarray(sample, dtype=np.int64), np.asarray(symbol, dtype=np.str_)),
    )


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Recording]:
    """A recording with one lead's signal and its annotations; the other leads are flat."""
    return _recording


def _beats(
    patient: Sequence[str],
    y: Sequence[int],
    record: Sequence[str] | None = None,
    n_samples: int = 4,
    database: str = "",
) -> Beats:
    n = len(y)
    x = np.random.default_rng(n).random((n, 1, n_samples), dtype=np.float32)
    times = np.arange(n, dtype=np.int64) * 300
    return Beats(
        inputs={SIGNAL: x},
        y=np.asarray(y, dtype=np.int64),
        record=np.asarray(patient if record is None else record, dtype=np.str_),
        patient=np.asarray(patient, dtype=np.str_),
        database=np.full(n, database),
        lead=np.full(n, "MLII"),
        sample=times,
        seconds=times / 360,
        symbol=np.array(list("NAVF/"))[np.asarray(y, dtype=np.int64)],
        rr_before=np.full(n, 300 / 360, dtype=np.float32),
        rr_after=np.full(n, 300 / 360, dtype=np.float32),
    )


@pytest.fixture(scope="session")
def make_beats() -> Callable[..., Beats]:
    """A table of beats of the given patients and classes."""
    return _beats


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Six simulated patients of half a minute."""
    folder = tmp_path_factory.mktemp("simulated")
    return [read_record(folder / name) for name in write_arrhythmia(folder, patients=6, minutes=0.5, seed=1)]


@cache
def _all_real_beats(folder: Path) -> Beats:
    segmentation = KaggleSegmentation()
    read = (with_leads(MITDB.read(folder, record), segmentation.leads) for record in MITDB.records)
    return Beats.concatenate([segmentation(recording) for recording in read])


@pytest.fixture
def real_beats(ecg_data: Path) -> Beats:
    """The 109,446 beats of MIT-BIH by the kaggle segmentation, in record order."""
    if not (ecg_data / "mitdb" / "RECORDS").is_file():
        pytest.skip("ECG_DATA has no mitdb/")
    return _all_real_beats(ecg_data / "mitdb")
