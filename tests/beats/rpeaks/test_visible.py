"""Where no ECG is visible, by the network's values alone: made ones, and those of the detector that ships."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.rpeaks import detector
from ecg.beats.rpeaks.learnt import peaks_of
from ecg.beats.rpeaks.visible import invisible
from ecg.recordings.databases.sample import FOLDER, SAMPLE

FS = 360.0


def values(*, beats: np.ndarray, height: float = 0.93, doubt: float = 0.0, seconds: float = 60.0) -> np.ndarray:
    """A network's values: peaks at beats, and a share of doubts of 0.3 elsewhere."""
    rng, n = np.random.default_rng(0), round(50 * seconds)
    made = np.where(rng.random(n) < doubt, 0.3, 0.0)
    time = np.arange(n) / 50
    for beat in beats:
        made = np.maximum(made, height * np.exp(-0.5 * ((time - beat) / 0.025) ** 2))
    return made.astype(np.float32)


def found(made: np.ndarray) -> list[list[float]]:
    return invisible(made, *peaks_of(made)).tolist()


REGULAR = np.arange(0.5, 60, 0.8)


@pytest.mark.parametrize(
    ("made", "hidden"),
    [
        pytest.param(values(beats=REGULAR), [], id="sure beats"),
        pytest.param(values(beats=REGULAR, doubt=0.3), [], id="sure beats among doubts: noise with an ECG in it"),
        pytest.param(values(beats=REGULAR, height=0.7, doubt=0.3), [[0.0, 60.0]], id="unsure beats among doubts"),
        pytest.param(values(beats=REGULAR, height=0.7), [], id="unsure beats, and nothing between them"),
        pytest.param(values(beats=REGULAR, height=0.55), [[0.0, 60.0]], id="beats that are hardly above the threshold"),
        pytest.param(values(beats=REGULAR[:0], doubt=0.1), [[0.0, 60.0]], id="no beats, and doubts"),
        pytest.param(values(beats=REGULAR[:0]), [], id="no beats and no doubts: a flat line, which is another reason"),
        pytest.param(values(beats=REGULAR[(REGULAR < 20) | (REGULAR > 33)]), [], id="a pause of 13 s"),
        pytest.param(values(beats=REGULAR[:4], height=0.7, doubt=0.3, seconds=3), [[0.0, 5.0]], id="three seconds"),
    ],
)
def test_made_values(made: np.ndarray, hidden: list[list[float]]) -> None:
    assert found(made) == hidden


def test_a_stretch_of_noise_between_beats_is_told_to_five_seconds() -> None:
    first, last = values(beats=REGULAR), values(beats=REGULAR[:0], doubt=0.4)
    (hidden,) = found(np.concatenate([first, last, first]))
    assert hidden == pytest.approx([60, 120], abs=5)


@pytest.fixture(scope="module")
def ecg() -> np.ndarray:
    return SAMPLE.read(FOLDER, "220").millivolts(0)[: round(60 * FS)].astype(np.float64)


NOISES = {
    "white": np.random.default_rng(0).normal(size=round(60 * FS)),
    "a walk": np.cumsum(np.random.default_rng(1).normal(size=round(60 * FS))),
    "a ramp with noise": np.arange(60 * FS) * 1e-3 + np.random.default_rng(2).normal(size=round(60 * FS)) * 0.01,
    "a square wave": np.sign(np.sin(np.arange(60 * FS) / FS * 2 * np.pi)),
}


@pytest.mark.parametrize("noise", NOISES)
def test_in_noise_alone_the_shipped_detector_sees_nothing(noise: str) -> None:
    seen = detector()(NOISES[noise], FS)
    assert seen.hides(round(60 * FS)).mean() > 0.9
    assert (~seen.hides(round(60 * FS))[seen.sample]).sum() <= 2


def test_in_an_ecg_nothing_is_hidden_and_in_noise_beside_it_all(ecg: np.ndarray) -> None:
    find = detector()
    assert not len(find(ecg, FS).hidden)
    noise = np.random.default_rng(3).normal(0, 0.5, len(ecg))
    hidden = find(np.concatenate([ecg, noise, ecg]), FS).hidden / FS
    assert len(hidden) == 1
    assert hidden[0] == pytest.approx([60, 120], abs=7)
