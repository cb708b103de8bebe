"""Bootstrap intervals: cover what they should, and say nothing where the data say nothing."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.metrics.bootstrap import bootstrap_intervals, intervals
from ecg.metrics.classification import scored
from ecg.metrics.confusion import Scores, confusion_by_group, confusion_matrix
from ecg.metrics.registry import Metric, also, counted

AAMI = ("N", "S", "V", "F", "Q")


def simulate(seed, n=3000, n_patients=20, spread=0.0):
    """Beats of patients whose error rates differ by `spread`."""
    rng = np.random.default_rng(seed)
    patient = rng.integers(0, n_patients, n)
    target = rng.choice(5, n, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    error = np.clip(0.2 + spread * rng.normal(size=n_patients), 0, 0.9)[patient]
    return target, np.where(rng.random(n) < error, rng.integers(0, 5, n), target), patient


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.booleans())
def test_interval_contains_the_point_estimate(seed, by_patient):
    target, predicted, patient = simulate(seed)
    intervals = bootstrap_intervals(target, predicted, AAMI, groups=patient if by_patient else None, replicates=500)
    point = counted(confusion_matrix(target, predicted, 5), AAMI)
    per_class = {f"{name}/{score}" for name in AAMI for score in ("se", "ppv", "f1")}
    assert set(intervals) == per_class | {"accuracy", "balanced_accuracy", "macro_f1", "jk"}
    for name, (low, high) in intervals.items():
        assert 0 <= low <= float(point[name]) <= high <= 1, name


def test_beat_interval_of_accuracy_is_the_binomial_one():
    target, predicted = np.zeros(2000, dtype=int), (np.arange(2000) < 400).astype(int)
    low, high = bootstrap_intervals(target, predicted, ("a", "b"), replicates=4000)["accuracy"]
    half = 1.96 * np.sqrt(0.8 * 0.2 / 2000)
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), abs=2e-3)


def test_patient_interval_equals_a_plain_resampling_of_patients():
    target, predicted, patient = simulate(3, n=600, n_patients=12, spread=0.2)
    rng = np.random.default_rng(9)
    accuracy = []
    for _ in range(1500):
        rows = np.concatenate([np.flatnonzero(patient == p) for p in rng.integers(0, 12, 12)])
        accuracy.append(np.mean(target[rows] == predicted[rows]))
    own = bootstrap_intervals(target, predicted, AAMI, groups=patient, replicates=4000)["accuracy"]
    assert own == pytest.approx(tuple(np.quantile(accuracy, [0.025, 0.975])), abs=0.015)


def test_patients_that_differ_widen_the_interval():
    target, predicted, patient = simulate(4, spread=0.2)
    beats = bootstrap_intervals(target, predicted, AAMI)
    patients = bootstrap_intervals(target, predicted, AAMI, groups=patient)
    for name in ("accuracy", "macro_f1", "N/se"):
        assert np.ptp(patients[name]) > 2 * np.ptp(beats[name])


def test_same_seed_same_interval_and_level_orders_them():
    target, predicted, patient = simulate(5)
    one = bootstrap_intervals(target, predicted, AAMI, groups=patient, seed=1)
    assert one == bootstrap_intervals(target, predicted, AAMI, groups=patient, seed=1)
    assert one != bootstrap_intervals(target, predicted, AAMI, groups=patient, seed=2)
    usual = bootstrap_intervals(target, predicted, AAMI, groups=patient)
    assert usual == bootstrap_intervals(target, predicted, AAMI, groups=patient, seed=0)
    narrow = bootstrap_intervals(target, predicted, AAMI, groups=patient, seed=1, level=0.5)
    assert all(one[name][0] <= low <= high <= one[name][1] for name, (low, high) in narrow.items())


def test_no_interval_from_one_patient_or_one_beat():
    target, predicted, _ = simulate(6)
    assert bootstrap_intervals(target, predicted, AAMI, groups=np.full(len(target), "p")) == {}
    assert "accuracy" in bootstrap_intervals(target, predicted, AAMI, groups=np.arange(len(target)) % 2)
    assert bootstrap_intervals([0], [0], AAMI) == {}
    assert bootstrap_intervals([], [], AAMI) == {}


def test_class_that_one_patient_carries_has_no_interval():
    target, predicted, patient = simulate(7)
    patient = np.where(target == 1, 0, patient)
    intervals = bootstrap_intervals(target, predicted, AAMI, groups=patient)
    assert "S/se" not in intervals
    assert "jk" not in intervals
    assert "V/se" in intervals
    assert intervals["macro_f1"][0] > 0.5  # a replicate without patient 0 does not count S as 0


def test_a_replicate_without_a_class_counts_for_all_but_the_means_over_classes():
    target, predicted, patient = simulate(7, n_patients=12)
    carries = patient == 0  # S, and half of it is found
    target = np.where(carries, 1, np.where(target == 1, 0, target))
    predicted = np.where(carries, np.arange(len(target)) % 2, predicted)
    _, matrices = confusion_by_group(patient, target, predicted, 5)
    times = np.random.default_rng(9).multinomial(12, np.full(12, 1 / 12), size=4000)
    drawn = np.tensordot(times, matrices, axes=1)
    scores, complete = Scores.of(drawn), (drawn.sum(axis=2) > 0).all(axis=1)
    found = bootstrap_intervals(target, predicted, AAMI, groups=patient, replicates=4000)
    ends = [0.025, 0.975]
    assert found["accuracy"] == pytest.approx(tuple(np.quantile(scores.accuracy, ends)), abs=0.01)
    assert found["macro_f1"] == pytest.approx(tuple(np.quantile(scores.macro_f1[complete], ends)), abs=0.01)


MEAN = Metric(name="mean_p", title="mean p", of=lambda scored: float(scored.probability[:, 1].mean()))


def unlike_patients(n_patients=20):
    """Patients of 30 beats each, and the probability of the second class, which differs between them."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(n_patients), 30)
    p = (rng.normal(0.5, 0.02, len(patient)) + rng.normal(0, 0.1, n_patients)[patient]).clip(0, 1)
    return patient, scored(np.arange(len(p)) % 2, np.stack([1 - p, p], axis=1), ("a", "b"))


def test_a_metric_of_ones_own_is_resampled_by_beat_or_by_patient():
    patient, given = unlike_patients()
    p = given.probability[:, 1]
    with also([MEAN]):
        for groups, units in ((None, p), (patient, p.reshape(20, 30).mean(axis=1))):
            half = 1.96 * units.std() / np.sqrt(len(units))
            own = intervals(given, groups=groups)["mean_p"]
            assert own == pytest.approx((p.mean() - half, p.mean() + half), abs=0.2 * half)
        assert "mean_p" in intervals(given, groups=patient > 9)
        assert "mean_p" not in intervals(given, groups=np.zeros(600))


def test_only_metrics_that_have_an_interval_get_one():
    patient, given = unlike_patients()
    found = intervals(given, groups=patient)
    counts = bootstrap_intervals(given.target, given.predicted, given.classes, groups=patient)
    assert found == counts | {"auroc": found["auroc"]}


def test_absent_class_has_no_interval_but_stays_in_the_mean():
    target, predicted, _ = simulate(8)
    target, predicted = np.where(target == 4, 0, target), np.where(predicted == 4, 0, predicted)
    intervals = bootstrap_intervals(target, predicted, AAMI)
    assert "Q/se" not in intervals
    assert intervals["balanced_accuracy"][1] <= 0.8


def test_wrong_settings_are_refused():
    for wrong in ({"level": 95}, {"replicates": 0}):
        with pytest.raises(ValueError, match="level"):
            bootstrap_intervals([0, 1], [0, 1], ("a", "b"), **wrong)


def test_fast_enough_to_run_after_every_test():
    target, predicted, patient = simulate(0, n=50_000, n_patients=22)
    start = time.perf_counter()
    bootstrap_intervals(target, predicted, AAMI, groups=patient)
    assert time.perf_counter() - start < 2  # 0.1 s on an idle machine
