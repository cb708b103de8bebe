"""The context segmentation: no input depends on the gain or the sampling rate, and any recording gives its beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log

import numpy as np
import pytest

from ecg.beats.detected import beats_at, find_beats, segmented
from ecg.beats.features import FEATURES
from ecg.beats.segmentations import ContextSegmentation, context, make_segmentation
from ecg.beats.segmentations.context import FURTHEST, LIMIT
from ecg.beats.table import Beats, shapes_of
from ecg.errors import EcgError
from ecg.recordings.recording import Recording

FS = 128.0
WAVES = ((-0.16, 0.025, 0.12), (0.0, 0.016, 1.0), (0.29, 0.05, 0.25))
"""When (s), how wide (s) and how high (mV) P, R and T are."""
RHYTHM, SHAPE = ([one.name for one in FEATURES[kind]] for kind in ("rhythm", "shape"))
MakeRecording = Callable[..., Recording]


def heart(
    at: np.ndarray,
    seconds: float,
    fs: float,
    noise: float = 0.01,
    height: np.ndarray | float = 1.0,
    p: np.ndarray | float = 1.0,
) -> np.ndarray:
    """A signal in mV with R peaks at these times in s, of this height, and so much of a P wave."""
    signal = np.random.default_rng(0).normal(0, noise, round(seconds * fs))
    for beat, size, atrial in zip(at, np.broadcast_to(height, at.shape), np.broadcast_to(p, at.shape), strict=True):
        first, last = max(round((beat - 0.4) * fs), 0), min(round((beat + 0.6) * fs), len(signal))
        t = np.arange(first, last) / fs - beat
        for when, wide, high in WAVES:
            signal[first:last] += size * high * (atrial if when < 0 else 1) * np.exp(-0.5 * ((t - when) / wide) ** 2)
    return signal


def times(n: int, *, early: int | None = None) -> np.ndarray:
    """R peaks in s at 128 Hz, 0.8 s apart but for a little; one may come after 0.5 s, with a pause behind it."""
    rr = 0.8 + np.random.default_rng(n).normal(0, 0.015, n)
    if early is not None:
        rr[early : early + 2] = 0.5, 1.1
    return np.rint((1.0 + np.cumsum(rr) - rr[0]) * FS) / FS


@pytest.fixture(scope="module")
def make(make_recording: MakeRecording) -> Callable[..., Recording]:
    """Makes a recording of such a heart, 2,000 units per mV; other leads are given."""

    def made(at: np.ndarray, *, fs: float = FS, others: Sequence[np.ndarray] = (), **more: float) -> Recording:
        seconds = float(at[-1]) + 1.0
        leads = [heart(at, seconds, fs, **more), *others]
        digital = np.stack([np.rint(2000 * one).astype(np.int32) for one in leads])
        names = ("MLII", "V5", "V1")[: len(leads)]
        one = make_recording(digital[0], np.rint(at * fs), ["N"] * len(at), fs=fs, leads=names)
        return replace(one, digital=digital, gain=np.full(len(leads), 2000.0))

    return made


def same(found: Beats, expected: Beats, within: float = 1e-3, *, but: Sequence[str] = ()) -> None:
    for name in expected.inputs:
        if name not in but:
            np.testing.assert_allclose(found.inputs[name], expected.inputs[name], atol=within, err_msg=name)


def test_it_has_a_name_and_inputs_of_the_declared_shapes(make: Callable[..., Recording]) -> None:
    segmentation = make_segmentation("context")
    assert isinstance(segmentation, ContextSegmentation)
    at = times(40)
    for others in ((), (0.5 * heart(at, at[-1] + 1, FS, 0.02),)):
        beats = segmentation(make(at, others=others))
        assert shapes_of(beats.inputs) == dict(segmentation.shapes(1 + len(others)))
        assert list(beats.inputs) == ["signal", "template", "rhythm", "shape"]
        assert {values.dtype for values in beats.inputs.values()} == {np.dtype(np.float32)}
        assert len(beats) == 40


def test_the_r_peak_lies_where_it_is_said_to_and_is_of_height_one(make: Callable[..., Recording]) -> None:
    segmentation = ContextSegmentation()
    beats = segmentation(make(times(40)))
    place = round(segmentation.r_peak_s * segmentation.fs)
    assert (beats.signal[:, 0].argmax(axis=1) == place).all()
    assert (beats.inputs["template"].argmax(axis=2) == place).all()
    np.testing.assert_allclose(np.ptp(beats.signal[:, 0, place - 20 : place + 20], axis=1), 1, atol=0.1)


@pytest.mark.parametrize("off", [-5, 3])
def test_marks_beside_the_r_peak_give_the_same_window(make: Callable[..., Recording], off: int) -> None:
    recording = make(times(40, early=20))
    assert recording.annotations is not None
    sample = recording.annotations.sample + off
    moved = replace(recording, annotations=replace(recording.annotations, sample=sample))
    beats = ContextSegmentation()(moved)
    same(beats, ContextSegmentation()(recording))
    assert beats.sample.tolist() == sample.tolist()


def test_marks_far_beside_the_r_peak_are_followed_only_so_far(make: Callable[..., Recording]) -> None:
    recording = make(times(40))
    assert recording.annotations is not None
    moved = replace(recording.annotations, sample=recording.annotations.sample - 10)
    beats = ContextSegmentation()(replace(recording, annotations=moved))
    assert set(beats.signal[:, 0].argmax(axis=1).tolist()) == {80 + 10 - FURTHEST}


def test_a_templates_rows_are_the_typical_beat_and_the_slow_one(make: Callable[..., Recording]) -> None:
    """Beats after a long RR interval have a P wave, the others none."""
    rr = np.tile([0.7, 0.7, 1.2], 30)
    at = np.rint((1 + np.cumsum(rr)) * FS) / FS
    beats = ContextSegmentation()(make(at, p=(rr > 1).astype(float)))
    templates = beats.inputs["template"]
    assert (templates == templates[0]).all()
    fast, slow = (np.median(beats.signal[kind, 0], axis=0) for kind in (rr < 1, rr > 1))
    assert np.abs(fast - slow)[50:70].max() > 0.1
    np.testing.assert_allclose(templates[0, 0, 50:90], fast[50:90], atol=0.03)
    np.testing.assert_allclose(templates[0, 1, 50:90], slow[50:90], atol=0.03)


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_gain_changes_nothing(make: Callable[..., Recording], factor: float) -> None:
    recording = make(times(60, early=30))
    other = replace(recording, gain=recording.gain / factor, baseline=np.array([777], dtype=np.int32))
    same(ContextSegmentation()(other), ContextSegmentation()(recording))


def test_a_lead_upside_down_is_the_same_upside_down(make: Callable[..., Recording]) -> None:
    recording = make(times(60, early=30))
    turned = replace(recording, digital=-recording.digital)
    one, other = ContextSegmentation()(recording), ContextSegmentation()(turned)
    for name in ("signal", "template"):
        np.testing.assert_allclose(other.inputs[name], -one.inputs[name], atol=1e-4)
    same(other, one, but=("signal", "template", "shape"))
    signed = ["highest", "lowest", "p-height", "p-height-template", "polarity", "polarity-template"]
    kept = [i for i, name in enumerate(SHAPE) if name not in signed]
    np.testing.assert_allclose(other.inputs["shape"][:, kept], one.inputs["shape"][:, kept], atol=1e-3)


def test_a_premature_beat_among_its_record(make: Callable[..., Recording]) -> None:
    at = times(60, early=30)
    rhythm = dict(zip(RHYTHM, ContextSegmentation()(make(at)).inputs["rhythm"].T, strict=True))
    assert rhythm["before/median17"].argmin() == 30
    assert rhythm["before/median17"][30] == pytest.approx(log(0.5 / 0.8), abs=0.03)
    assert rhythm["after/median17"][30] == pytest.approx(log(1.1 / 0.8), abs=0.03)
    assert rhythm["fibrillation20"].max() < 0


def test_the_state_of_the_rhythm_is_that_of_the_first_lead(make: Callable[..., Recording]) -> None:
    at = times(60)
    noise = np.random.default_rng(5).normal(0, 1, round((float(at[-1]) + 1) * FS))
    one, both = ContextSegmentation()(make(at)), ContextSegmentation()(make(at, others=[noise]))
    np.testing.assert_array_equal(both.inputs["rhythm"], one.inputs["rhythm"])


def test_two_leads_are_each_as_they_are_alone(make: Callable[..., Recording]) -> None:
    at = times(60, early=30)
    second = -0.4 * heart(at, float(at[-1]) + 1, FS, 0.03)
    recording = make(at, others=[second])
    both = ContextSegmentation()(recording)
    alone = [
        ContextSegmentation()(
            replace(recording, digital=recording.digital[[row]], gain=recording.gain[[row]],
                    baseline=recording.baseline[[row]], leads=recording.leads[row : row + 1])
        )
        for row in (0, 1)
    ]  # fmt: skip
    np.testing.assert_array_equal(both.inputs["shape"], np.concatenate([x.inputs["shape"] for x in alone], axis=1))
    np.testing.assert_array_equal(both.signal, np.concatenate([x.signal for x in alone], axis=1))
    first, other = (x.inputs["template"] for x in alone)
    rows = [first[:, :1], other[:, :1], first[:, 1:], other[:, 1:]]
    np.testing.assert_array_equal(both.inputs["template"], np.concatenate(rows, axis=1))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 10])
@pytest.mark.parametrize("leads", [1, 2])
def test_few_beats_have_inputs_too(make: Callable[..., Recording], n: int, leads: int) -> None:
    at = times(n)
    others = [heart(at, float(at[-1]) + 1, FS)] * (leads - 1)
    beats = ContextSegmentation()(make(at, others=others))
    assert len(beats) == n
    assert shapes_of(beats.inputs) == dict(ContextSegmentation().shapes(leads))
    for values in beats.inputs.values():
        assert np.isfinite(values).all()


def test_one_beat_in_a_recording_shorter_than_a_window(make_recording: MakeRecording) -> None:
    signal = np.rint(2000 * heart(np.array([0.2]), 0.4, FS))
    beats = ContextSegmentation()(make_recording(signal, [26], ["V"], fs=FS))
    assert all(np.isfinite(values).all() for values in beats.inputs.values())
    assert beats.signal[0, 0].argmax() == 80
    assert not beats.signal[0, 0, : 80 - 26].any()


@pytest.mark.parametrize("level", [0, 7])
def test_a_flat_lead_has_finite_features_and_leaves_the_other_alone(make: Callable[..., Recording], level: int) -> None:
    at = times(30)
    flat = np.full(round((float(at[-1]) + 1) * FS), level / 2000)
    both, alone = ContextSegmentation()(make(at, others=[flat])), ContextSegmentation()(make(at))
    assert all(np.isfinite(values).all() for values in both.inputs.values())
    np.testing.assert_allclose(both.signal[:, 1], 0, atol=1e-4)
    np.testing.assert_array_equal(both.signal[:, 0], alone.signal[:, 0])
    swapped = make(at, others=[flat])
    swapped = replace(swapped, digital=swapped.digital[::-1].copy())
    assert all(np.isfinite(values).all() for values in ContextSegmentation()(swapped).inputs.values())


def test_nothing_is_beyond_the_limit(make: Callable[..., Recording]) -> None:
    height = np.ones(40)
    height[20] = 100
    beats = ContextSegmentation()(make(times(40), height=height))
    assert beats.signal[20].max() == LIMIT
    assert np.abs(beats.signal[:15]).max() < 1.2


@pytest.mark.parametrize("fs", [100.0, 250.0, 360.0, 1000.0])
def test_other_sampling_rates_give_nearly_the_same(make: Callable[..., Recording], fs: float) -> None:
    at = times(60, early=30)
    expected = ContextSegmentation()(make(at, noise=0))
    recording = make(at, fs=fs, noise=0)
    peaks = np.rint(at * fs).astype(np.int64)
    for beats in (segmented(recording, ContextSegmentation())[0], beats_at(recording, peaks, ContextSegmentation())[0]):
        assert beats.sample.tolist() == peaks.tolist()
        np.testing.assert_allclose(beats.seconds, at, atol=0.5 / fs)
        np.testing.assert_allclose(beats.signal, expected.signal, atol=0.12)
        near = [i for i, name in enumerate(RHYTHM) if name.startswith(("before", "after", "local"))]
        np.testing.assert_allclose(beats.inputs["rhythm"][:, near], expected.inputs["rhythm"][:, near], atol=0.03)
        kind = [i for i, name in enumerate(SHAPE) if name in ("qrs-best", "p-best", "slow-p-best", "height")]
        np.testing.assert_allclose(beats.inputs["shape"][:, kind], expected.inputs["shape"][:, kind], atol=0.08)


def test_beats_are_found_and_segmented_at_another_rate(make: Callable[..., Recording]) -> None:
    at = times(40)
    found = find_beats(make(at, fs=250.0), ContextSegmentation(), ("MLII",)).beats
    assert found is not None
    assert len(found) >= 38
    assert np.abs(found.seconds[:, None] - at).min(axis=1).max() < 0.05
    assert set(found.y.tolist()) == {0}


def test_another_rate_than_its_own_is_refused(make: Callable[..., Recording]) -> None:
    with pytest.raises(EcgError, match="takes 128 Hz, this record has 250 Hz"):
        ContextSegmentation()(make(times(10), fs=250.0))


def test_a_long_recording_gives_every_beat_once_and_the_same_features_as_a_whole(
    make: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two stretches; the heights tell one beat from another."""
    n = 5400
    at, height = times(n), np.random.default_rng(1).uniform(0.9, 1.1, n)
    recording = make(at, height=height)
    stretches = ContextSegmentation()(recording)
    assert stretches.sample.tolist() == np.rint(at * FS).astype(int).tolist()
    found = stretches.signal[:, 0].max(axis=1) / height
    assert found.std() / found.mean() < 0.025
    assert len(np.unique(stretches.inputs["template"][:, 0, :20], axis=0)) == 2
    monkeypatch.setattr(context, "STRETCH", 10**9)
    whole = ContextSegmentation()(recording)
    assert len(np.unique(whole.inputs["template"][:, 0, :20], axis=0)) == 1
    away = np.ones(n, dtype=bool)
    away[n // 2 - 100 : n // 2 + 100] = False
    local = [i for i, name in enumerate(RHYTHM) if "record" not in name and name not in ("fibrillation-wide",)]
    difference = np.abs(stretches.inputs["rhythm"] - whole.inputs["rhythm"])[:, local]
    assert np.median(difference, axis=0).max() < 0.05
    ratios = [i for i, name in enumerate(RHYTHM) if "median" in name or name in ("before", "after", "local")]
    np.testing.assert_allclose(
        stretches.inputs["rhythm"][away][:, ratios], whole.inputs["rhythm"][away][:, ratios], atol=0.01
    )
    np.testing.assert_allclose(stretches.inputs["shape"].mean(axis=0), whole.inputs["shape"].mean(axis=0), atol=0.05)


def test_beats_beside_a_seam_see_their_neighbours_beyond_it(
    make: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A premature beat is the last of a stretch."""
    recording = make(times(200, early=99))
    whole = ContextSegmentation()(recording)
    monkeypatch.setattr(context, "STRETCH", 100)
    monkeypatch.setattr(context, "OVERLAP", 30)
    beats = ContextSegmentation()(recording)
    near = [i for i, name in enumerate(RHYTHM) if "median17" in name or name in ("after+1", "before-1", "compensation")]
    np.testing.assert_allclose(beats.inputs["rhythm"][85:115, near], whole.inputs["rhythm"][85:115, near], atol=1e-6)
    assert RHYTHM.index("before/median17") in near


def test_without_the_template_the_other_inputs_are_the_same(make: Callable[..., Recording]) -> None:
    recording = make(times(60))
    whole, less = ContextSegmentation()(recording), ContextSegmentation(template=False)(recording)
    assert shapes_of(less.inputs) == dict(ContextSegmentation(template=False).shapes(1))
    assert set(whole.inputs) - set(less.inputs) == {"template"}
    for name, values in less.inputs.items():
        np.testing.assert_array_equal(values, whole.inputs[name])
