"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, here and in the commands that tests start
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def ecg_data() -> Path:
    """The folder with mitdb/, ptbdb/, ptb-xl/ and kaggle/ that ECG_DATA names; the test is skipped without it."""
    named = os.environ.get("ECG_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("ECG_DATA does not name a folder with real recordings")
    return Path(named)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`ecg` with some words, in this process: what it says; its exit code must be `code`."""
    from ecg.commands import app

    def run(*words: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["ecg", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            app()
        said = "".join(capsys.readouterr())
        assert int(end.value.code or 0) == code, said
        return said

    return run


MODEL = """
from pathlib import Path
from torch import nn
from ecg.models import LayeredModel

Path(__file__).with_suffix(".imported").touch()

class Net(LayeredModel):
    def __init__(self, *, input_shape, n_classes, width: int = 4, wide: bool = False):
        layers = {"fc": nn.Sequential(nn.Flatten(), nn.Linear(input_shape[0] * input_shape[1], width), nn.ReLU())}
        layers["head"] = nn.Linear(width, n_classes)
        super().__init__(layers, input_shape=input_shape, n_classes=n_classes)

def call(**given):
    Path(__file__).with_suffix(".called").touch()
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Writes a module into the current folder, an empty one; all that was imported from there is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one not in ("", str(tmp_path))])
    before = set(sys.modules)

    def write(name: str, content: str = MODEL) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(content)
        return path

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def beat_times(seconds: float, seed: int = 0) -> np.ndarray:
    """Where beats are in what `made_lead` gives, in s."""
    found = 0.4 + np.cumsum(np.random.default_rng(seed).uniform(0.6, 1.1, int(seconds / 0.6) + 1))
    return np.asarray(found[found < seconds - 0.4])


def made_lead(fs: float, seconds: float, seed: int = 0) -> np.ndarray:
    """One lead in mV with narrow beats of 1 mV, T waves, drift and a little noise."""
    time = np.arange(round(seconds * fs)) / fs
    signal = 0.2 * np.sin(2 * np.pi * 0.2 * time) + np.random.default_rng(seed + 1).normal(0, 0.01, len(time))
    for beat in beat_times(seconds, seed):
        signal += np.exp(-0.5 * ((time - beat) / 0.012) ** 2) + 0.15 * np.exp(-0.5 * ((time - beat - 0.28) / 0.05) ** 2)
    return np.asarray(signal)


@pytest.fixture(scope="session")
def lead() -> Callable[..., np.ndarray]:
    """Makes a lead; see `made_lead`."""
    return made_lead


@pytest.fixture(scope="session")
def times() -> Callable[..., np.ndarray]:
    """Where its beats are; see `beat_times`."""
    return beat_times


@pytest.fixture(scope="session")
def write_marked() -> Callable[..., np.ndarray]:
    """Writes a WFDB record whose beats are marked at their R peaks; gives them in samples."""

    def write(folder: Path, name: str, *, fs: float = 200, seconds: float = 30, seed: int = 0, leads: int = 2,
              extra: Sequence[tuple[int, str]] = ()) -> np.ndarray:  # fmt: skip
        import wfdb

        rows = np.stack([made_lead(fs, seconds, seed) * (1 - 1.6 * i) for i in range(leads)], axis=1)
        options = {"fmt": ["16"] * leads, "adc_gain": [200.0] * leads, "baseline": [0] * leads}
        names = ["MLII", "V1", "V5"][:leads]
        digital = np.rint(200 * rows).astype(np.int64)
        folder.mkdir(parents=True, exist_ok=True)
        wfdb.wrsamp(
            name, fs=fs, units=["mV"] * leads, sig_name=names, d_signal=digital, write_dir=str(folder), **options
        )
        peaks = np.rint(beat_times(seconds, seed) * fs).astype(np.int64)
        marks = sorted([*((int(at), "N") for at in peaks), *extra])
        at, symbols = np.array([place for place, _ in marks]), [symbol for _, symbol in marks]
        wfdb.wrann(name, "atr", at, symbols, write_dir=str(folder))
        return peaks

    return write
