"""Detectors by name: learnt, sleepecg, a run folder, a file, a function of one's own; what is none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ecg.beats import rpeaks
from ecg.beats.resampling import lead_millivolts, resample
from ecg.beats.rpeaks import DEFAULT, DETECTORS, Learnt, RPeaks, detector
from ecg.beats.rpeaks.network import RPeakNet
from ecg.beats.rpeaks.weights import FORMAT, load_rpeak_net, save_rpeak_net
from ecg.errors import EcgError
from ecg.metrics.matching import detection_scores
from ecg.recordings.databases.sample import FOLDER, SAMPLE

Make = Callable[..., np.ndarray]


def test_the_default_is_the_network_that_ships() -> None:
    assert DEFAULT == "learnt"
    assert list(DETECTORS) == ["learnt", "sleepecg"]
    found = detector()
    assert isinstance(found, Learnt)
    assert found.path == Path(rpeaks.__file__).parents[2] / "weights" / "rpeaks.safetensors"


@pytest.mark.parametrize("fs", [80, 128, 257.5, 360, 499.9, 1000])
def test_sleepecg_finds_the_beats_and_none_in_what_is_flat_or_short(lead: Make, fs: float) -> None:
    find = detector("sleepecg")
    assert find.name.startswith("sleepecg 0.")
    recording = SAMPLE.read(FOLDER, "233")
    assert recording.annotations is not None
    beats = recording.annotations.sample[recording.annotations.beats]
    found = find(resample(lead_millivolts(recording, 0)[: 60 * 360], 360, fs), fs)
    scores = detection_scores(beats[beats < 60 * 360] * (fs / 360), found.sample, fs)
    assert scores["missed"] + scores["extra"] <= 5
    assert found.certainty.tolist() == [1.0] * len(found)
    for signal in (np.zeros(int(fs * 10)), np.full(int(fs * 10), 3.0), lead(fs, 1.9), np.zeros(0), np.ones(1)):
        assert len(find(signal, fs)) == 0


def test_a_run_folder_or_its_file_names_its_network(taught: Learnt, lead: Make) -> None:
    for name in (str(taught.path), str(taught.path.parent)):
        found = detector(name)
        assert (found.name, isinstance(found, Learnt)) == (taught.name, True)
        assert len(found(lead(200, 20), 200)) > 10


OWN = """
import numpy as np
from ecg.beats.rpeaks import RPeaks

def every(signal, fs): return list(range(0, len(signal), int(fs)))
def none(signal, fs): return []
def unsigned(signal, fs): return np.array([5, 3], dtype=np.uint64)
def falls(signal, fs): return [5, 3]
def twice(signal, fs): return [5, 5]
def beyond(signal, fs): return [5, len(signal)]
def before(signal, fs): return [-1, 5]
def real(signal, fs): return [1.5, 3.0]
def table(signal, fs): return [[1, 2], [3, 4]]
def ragged(signal, fs): return [1, 2], [3]
def nothing(signal, fs): return None
def sure(signal, fs): return RPeaks(np.array([3, 9]), np.array([0.5, 0.75], dtype=np.float32))
def unsure(signal, fs): return RPeaks(np.array([9, 3]), np.array([0.5, 0.75], dtype=np.float32))
VALUE = 3
"""


def test_a_function_of_ones_own_is_named_by_its_path(here: Callable[..., Path]) -> None:
    here("mypeaks", OWN)
    found = detector("mypeaks.every")
    assert found.name == "mypeaks.every"
    given = found(np.zeros(1000), 250.0)
    assert isinstance(given, RPeaks)
    assert (given.sample.tolist(), given.sample.dtype) == ([0, 250, 500, 750], np.int64)
    assert len(detector("mypeaks.none")(np.zeros(1000), 250.0)) == 0
    assert detector("mypeaks.sure")(np.zeros(10), 250.0).certainty.tolist() == [0.5, 0.75]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *((name, "its samples must ascend, from 0 to below 10") for name in ("unsigned", "falls", "twice", "beyond")),
        *((name, "its samples must ascend, from 0 to below 10") for name in ("before", "unsure")),
        ("real", r"gives float64 of shape \(2,\), not samples"),
        ("table", r"gives int64 of shape \(2, 2\), not samples"),
        ("ragged", "gives tuple, not samples"),
        ("nothing", r"gives object of shape \(\), not samples"),
    ],
)
def test_what_are_no_samples_is_refused_with_the_functions_name(
    here: Callable[..., Path], name: str, said: str
) -> None:
    here("mypeaks", OWN)
    with pytest.raises(EcgError, match=rf"^rpeaks=mypeaks\.{name}: {said}"):
        detector(f"mypeaks.{name}")(np.zeros(10), 250.0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sleepeg", "rpeaks=sleepeg: choose one of .*learnt, sleepecg, or the import path .*did you mean sleepecg"),
        ("mypeaks.nope", "rpeaks=mypeaks.nope: mypeaks has no nope; did you mean"),
        ("mypeaks.VALUE", "rpeaks=mypeaks.VALUE: is no function"),
        ("none.safetensors", "rpeaks=none.safetensors: does not exist"),
        ("folder", "rpeaks=folder: has no weights.safetensors"),
        ("./folder", "rpeaks=folder: has no weights.safetensors"),
        ("mypeaks.py", "mypeaks.py: damaged or no detector's weights"),
        ("beats.safetensors", "beats.safetensors: holds no R-peak detector; train one with"),
    ],
)
def test_what_names_no_detector_is_said_at_once_in_a_line(
    here: Callable[..., Path], tmp_path: Path, name: str, said: str
) -> None:
    here("mypeaks", OWN)
    (tmp_path / "folder").mkdir()
    save_file({"x": torch.zeros(1)}, tmp_path / "beats.safetensors", {"format": "ecg-weights-2"})
    with pytest.raises(EcgError, match=f"^{said}") as told:
        detector(name)
    assert str(told.value).isprintable()


def test_weights_that_went_missing_are_said_in_a_line(tmp_path: Path) -> None:
    gone = Learnt(tmp_path / "gone.safetensors")
    for ask in (lambda: gone.name, lambda: gone(np.arange(500.0) % 7, 100)):
        with pytest.raises(EcgError, match=r"gone\.safetensors"):
            ask()


def test_weights_come_back_as_they_were(tmp_path: Path, random_net: Callable[..., RPeakNet]) -> None:
    net = random_net(channels=(4, 6), dilations=(1, 3))
    save_rpeak_net(tmp_path / "w.safetensors", net, {"name": "try", "test": {"mitdb": {"se": 0.5}}})
    back = load_rpeak_net(tmp_path / "w.safetensors")
    assert back.settings == {"channels": [4, 6], "dilations": [1, 3]}
    assert not back.training
    assert all(torch.equal(value, back.state_dict()[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize(
    "damage",
    [
        {"network": "{"},
        {"network": "[]"},
        {"network": json.dumps({"channels": [4, 7], "dilations": [1]})},
        {"network": json.dumps({"channels": [4, 4], "dilations": [0]})},
        {"network": json.dumps({"channels": [4], "dilations": [1]})},
        {"network": json.dumps({"channels": ["a", "b"], "dilations": [1]})},
        {"network": json.dumps({"width": 4})},
        {"network": json.dumps({"channels": [10**9, 10**9], "dilations": [1]})},
        {"network": None},
        {"tensor": float("nan")},
        {"cut": 200},
        {"cut": 0},
    ],
)
def test_damaged_weights_are_refused_with_the_files_name(
    tmp_path: Path, random_net: Callable[..., RPeakNet], damage: dict[str, Any]
) -> None:
    path = tmp_path / "w.safetensors"
    save_rpeak_net(path, random_net(channels=(4, 4), dilations=(1,)), {})
    state = load_file(path)
    if "tensor" in damage:
        state["last.1.bias"][:] = damage["tensor"]
    said = {"format": FORMAT, "network": json.dumps({"channels": [4, 4], "dilations": [1]}), **damage}
    save_file(state, path, {key: value for key, value in said.items() if isinstance(value, str)})
    if "cut" in damage:
        path.write_bytes(path.read_bytes()[: damage["cut"]])
    with pytest.raises(EcgError, match=r"w\.safetensors: damaged or no detector's weights") as told:
        load_rpeak_net(path)
    assert str(told.value).isprintable()
