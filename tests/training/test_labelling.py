"""From probabilities to labels: beats of one shape agree, and points weigh mistakes."""

from __future__ import annotations

from math import e, log
from typing import Any

import numpy as np
import pytest

from ecg.beats.table import Beats
from ecg.checks import BadSettingError
from ecg.errors import EcgError
from ecg.training import labelling
from ecg.training.labelling import BALANCED, LANDMARKS, Labelling, smoothed

CLASSES = ("N", "S", "V", "F")
FS, R_PEAK_S = 128.0, 0.3
N_ODD = 5
QRS = {"narrow": 0.015, "wide": 0.05}


def table(shapes: list[str], record: list[str] | None = None, noise: float = 0.01) -> Beats:
    """Beats whose QRS complexes have these shapes; what lies before and after is different in each beat."""
    n, rng = len(shapes), np.random.default_rng(0)
    t = np.arange(100) / FS - R_PEAK_S
    signal = np.stack([np.exp(-0.5 * (t / QRS[shape]) ** 2) for shape in shapes])
    signal += np.where(np.abs(t) > 0.2, rng.normal(0, 1, (n, 100)), rng.normal(0, noise, (n, 100)))
    text = np.full(n, "a")
    return Beats(
        inputs={"signal": signal[:, None].astype(np.float32)},
        y=np.zeros(n, dtype=np.int64),
        record=text if record is None else np.array(record),
        patient=text,
        database=text,
        lead=text,
        sample=np.arange(n),
        seconds=np.arange(n, dtype=np.float64),
        symbol=text,
        rr_before=np.ones(n, dtype=np.float32),
        rr_after=np.ones(n, dtype=np.float32),
    )


def chances(v: list[float]) -> np.ndarray:
    """Probabilities with this one for V; the others share the rest as 6:3:1."""
    p = np.array(v)[:, None]
    return np.concatenate([0.6 * (1 - p), 0.3 * (1 - p), p, 0.1 * (1 - p)], axis=1).astype(np.float32)


def odds(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(p / (1 - p)))


def label(settings: Labelling, probability: np.ndarray, beats: Beats) -> np.ndarray:
    found = settings(probability, beats, CLASSES, R_PEAK_S, FS)
    assert found.shape == probability.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert found.min() >= 0
    return found


@pytest.fixture
def mixed() -> tuple[np.ndarray, Beats]:
    """Narrow and wide beats in turn, whose V is unlikely or likely; one wide beat is taken for N."""
    shapes = ["narrow", "wide"] * 20
    v = [0.1 if shape == "narrow" else 0.9 for shape in shapes]
    v[N_ODD] = 0.05
    return chances(v), table(shapes)


def test_by_default_nothing_changes(mixed: tuple[np.ndarray, Beats]) -> None:
    assert not Labelling().active
    assert Labelling()(*mixed, CLASSES, R_PEAK_S, FS) is mixed[0]
    off = Labelling(smooth={"V": 0.0}, points={BALANCED: {"V": 0.0}})
    assert not off.active
    assert off(*mixed, CLASSES, R_PEAK_S, FS) is mixed[0]


def test_an_odd_beat_is_pulled_to_the_beats_of_its_shape(mixed: tuple[np.ndarray, Beats]) -> None:
    probability, beats = mixed
    found = label(Labelling(smooth={"V": 0.8}), probability, beats)
    assert probability[N_ODD].argmax() == 0
    assert found[N_ODD].argmax() == 2
    mean = np.mean([odds(np.array(0.9))] * 19 + [odds(np.array(0.05))])
    expected = 0.2 * odds(np.array(0.05)) + 0.8 * mean
    assert odds(found[N_ODD, 2]) == pytest.approx(expected, abs=0.3)
    others = np.arange(40) != N_ODD
    np.testing.assert_array_equal(found[others].argmax(axis=1), probability[others].argmax(axis=1))
    np.testing.assert_allclose(found[::2], probability[::2], atol=0.02)


def test_other_classes_keep_their_proportions(mixed: tuple[np.ndarray, Beats]) -> None:
    found = label(Labelling(smooth={"V": 0.8}), *mixed)
    np.testing.assert_allclose(found[:, 0] / found[:, 1], 2, rtol=1e-3)
    np.testing.assert_allclose(found[:, 1] / found[:, 3], 3, rtol=1e-3)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_share_says_how_far(mixed: tuple[np.ndarray, Beats], share: float) -> None:
    probability, beats = mixed
    all_of_it = odds(label(Labelling(smooth={"V": 1.0}), probability, beats)[:, 2])
    own = odds(probability[:, 2])
    found = odds(label(Labelling(smooth={"V": share}), probability, beats)[:, 2])
    np.testing.assert_allclose(found, (1 - share) * own + share * all_of_it, atol=1e-3)
    assert np.ptp(all_of_it[1::2]) < 0.1  # beats of one shape then have one opinion


def test_another_record_is_not_looked_at() -> None:
    v = [0.9] * 10 + [0.1] * 10
    beats = table(["wide"] * 20, ["a"] * 10 + ["b"] * 10)
    np.testing.assert_allclose(label(Labelling(smooth={"V": 1.0}), chances(v), beats), chances(v), atol=1e-4)
    turned = np.arange(20).reshape(2, 10).T.ravel()  # records in turn
    found = label(Labelling(smooth={"V": 1.0}), chances(v)[turned], beats.take(turned))
    np.testing.assert_allclose(found, chances(v)[turned], atol=1e-4)


def test_smoothing_another_class_leaves_the_proportions_of_the_rest(mixed: tuple[np.ndarray, Beats]) -> None:
    found = smoothed(mixed[0], 0, 0.9, mixed[1], R_PEAK_S, FS)
    np.testing.assert_allclose(found[:, 2] / found[:, 3], mixed[0][:, 2] / mixed[0][:, 3], rtol=1e-3)


def test_a_shape_of_its_own_keeps_its_opinion() -> None:
    shapes = ["narrow"] * 30
    shapes[4] = "wide"
    v = [0.02] * 30
    v[4] = 0.97
    found = label(Labelling(smooth={"V": 0.9}), chances(v), table(shapes))
    assert found[4, 2] == pytest.approx(0.97, abs=0.02)


@pytest.mark.parametrize("sure", [1.0, 1 - 1e-8])
def test_rows_sum_to_1_where_the_model_is_sure(sure: float) -> None:
    """A softmax in float32 is often exactly 1."""
    v = [sure] * 3 + [0.0, 1e-9] + [0.02] * 15
    found = label(Labelling(smooth={"V": 1.0}), chances(v), table(["wide"] * 20))
    assert np.ptp(found[:, 2]) < 0.1
    assert 0.01 < found[0, 2] < 0.5


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_beats_and_flat_ones_have_probabilities(n: int) -> None:
    beats = table(["narrow"] * n)
    flat = Beats(inputs={"signal": 0 * beats.signal}, **beats.columns)
    for one in (beats, flat):
        found = label(Labelling(smooth={"V": 0.7, "S": 0.5}), chances([0.9] * n), one)
        np.testing.assert_allclose(found, chances([0.9] * n), atol=1e-4)


def test_more_beats_than_landmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with some beats of the whole record, they agree all the same."""
    n = 2 * LANDMARKS + 500
    rng = np.random.default_rng(0)
    shapes = [("narrow", "wide")[i] for i in rng.integers(0, 2, n)]
    wide = np.array(shapes) == "wide"
    wrong = rng.random(n) < 0.1
    probability, beats = chances(np.where(wide ^ wrong, 0.9, 0.1).tolist()), table(shapes)
    compared = []
    usual = labelling._landmarks
    monkeypatch.setattr(labelling, "_landmarks", lambda count: compared.append(usual(count)) or compared[-1])
    found = label(Labelling(smooth={"V": 0.9}), probability, beats)
    assert {len(one) for one in compared} == {LANDMARKS}
    assert compared[0][0] < 10
    assert compared[0][-1] > n - 10
    assert (np.diff(compared[0]) > 0).all()
    np.testing.assert_array_equal(found[:, 2] > 0.5, wide)


def test_up_to_twice_as_many_all_pairs_are_compared() -> None:
    for count in (1, LANDMARKS, 2 * LANDMARKS):
        assert labelling._landmarks(count).tolist() == list(range(count))


POINTS = {"careful": {"V": 1.0, "S": 0.5}, "specific": {"V": -2.0}}


def test_a_point_adds_to_log_probabilities(mixed: tuple[np.ndarray, Beats]) -> None:
    probability, beats = mixed
    found = label(Labelling(points=POINTS, point="careful"), probability, beats)
    for column, bias in ((2, 1.0), (1, 0.5), (3, 0.0)):
        shift = np.log(found[:, column] / found[:, 0]) - np.log(probability[:, column] / probability[:, 0])
        np.testing.assert_allclose(shift, bias, atol=1e-4)
    assert label(Labelling(points=POINTS), probability, beats) is probability  # balanced adds nothing


def test_labels_change_where_the_bias_says() -> None:
    """N is as likely as e times V."""
    near = [1 / (1 + e / 0.6) * factor for factor in (0.5, 0.95, 1.05, 2.0)]
    probability, beats = chances([x / 0.6 for x in near]), table(["narrow"] * 4)
    ratio = np.log(probability[:, 2] / probability[:, 0])
    found = label(Labelling(points=POINTS, point="careful"), probability, beats).argmax(axis=1)
    assert found.tolist() == [2 if one > -1 else 0 for one in ratio.tolist()]
    assert set(found.tolist()) == {0, 2}


def test_smoothing_comes_before_the_point(mixed: tuple[np.ndarray, Beats]) -> None:
    both = Labelling(smooth={"V": 0.8}, points=POINTS, point="specific")
    first = label(Labelling(smooth={"V": 0.8}), *mixed)
    np.testing.assert_allclose(
        label(both, *mixed), label(Labelling(points=POINTS, point="specific"), first, mixed[1]), atol=1e-6
    )


def test_points_are_named_balanced_first_and_chosen_by_name() -> None:
    settings = Labelling(points=POINTS)
    assert settings.names == (BALANCED, "careful", "specific")
    assert settings.at("careful") == Labelling(points=POINTS, point="careful")
    assert Labelling(points={"b": {}, BALANCED: {"V": 1.0}}).names == (BALANCED, "b")
    assert settings.active
    with pytest.raises(BadSettingError, match="point=carefull: choose one of balanced, careful, specific; did you"):
        settings.at("carefull")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"smooth": {"V": 1.5}}, "smooth.V=1.5: must be from 0 to 1"),
        ({"points": {"x": {"V": 21}}}, "points.x.V=21: must be from -20 to 20"),
        ({"points": {"x": {"V": "much"}}}, "points.x.V=much: must be from -20 to 20"),
        ({"point": "x"}, "point=x: choose one of balanced"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=f"^{said}"):
        Labelling(**settings)


@pytest.mark.parametrize("settings", [{"smooth": {"X": 0.5}}, {"points": {"a": {"V": 1.0, "X": 1.0}}}])
def test_a_class_that_is_none_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadSettingError, match=r"^X is no class; the classes are N, S, V, F"):
        Labelling(**settings).check(CLASSES)
    made = Labelling(smooth={"V": 0.5}, points=POINTS)
    assert made.check(CLASSES) is made


@pytest.mark.parametrize("settings", [{"strange": 1}, {"smooth": 3}, {"points": {"a": 1}}, {"smooth": {"X": 0.1}}])
def test_settings_of_a_strangers_file_are_refused_by_what_they_say(settings: dict[str, Any]) -> None:
    with pytest.raises(EcgError, match=r"(does not fit this version of ecg|is no class)"):
        Labelling.of(settings, CLASSES)
    kept = {"smooth": {"V": 0.5}, "points": POINTS, "point": "careful"}
    assert Labelling.of(kept, CLASSES) == Labelling({"V": 0.5}, POINTS, "careful")


def test_log_odds_of_one_landmark_are_its_own() -> None:
    probability = chances([0.3])
    found = label(Labelling(smooth={"V": 1.0}), probability, table(["narrow"]))
    assert odds(found[0, 2]) == pytest.approx(log(0.3 / 0.7), abs=1e-4)
