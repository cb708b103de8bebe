"""EC57 counts: small examples counted by hand with the formulas of bxb.c."""

import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.metrics.ec57 import ec57_scores

AAMI = ("N", "S", "V", "F", "Q")


def scores(pairs, seconds=400.0, record="100"):
    """`pairs`: words such as `Nv` (reference N, predicted v) or `Vo` (missed), as in bxb."""
    index = {**{name: i for i, name in enumerate(AAMI)}, "O": -1}
    target, predicted = [index[p[0]] for p in pairs], [index[p[1].upper()] for p in pairs]
    times, records = np.broadcast_to(seconds, len(pairs)), np.broadcast_to(record, len(pairs))
    return ec57_scores(target, predicted, times, records, AAMI)


def test_gross_by_hand():
    counts = {"Nn": 4, "Ns": 1, "Nv": 1, "Ss": 2, "Sn": 1, "Sv": 1, "Vv": 3, "Vn": 1, "Vs": 1}
    counts |= {"Fv": 1, "Fn": 1, "Fs": 1, "Qv": 1, "Qs": 1, "Qn": 1}
    values = scores([pair for pair, count in counts.items() for _ in range(count)])
    expected = {
        "ec57/beats": 21,
        "ec57/records": 1,
        # VEB: TP 3, FN 2 (Vn Vs), FP 2 (Nv Sv; Fv and Qv excused), TN Nn*4 Ns Ss*2 Sn Fn Fs Qs Qn = 12
        "VEB/se": 3 / 5,
        "VEB/ppv": 3 / 5,
        "VEB/fpr": 2 / 14,
        "VEB/accuracy": 15 / 19,
        # SVEB: TP 2, FN 2 (Sn Sv), FP 3 (Ns Vs Fs; Qs excused), TN Nn*4 Nv Vv*3 Vn Fv Fn Qv Qn = 13
        "SVEB/se": 2 / 4,
        "SVEB/ppv": 2 / 5,
        "SVEB/fpr": 3 / 16,
        "SVEB/accuracy": 15 / 20,
    }
    for key, value in expected.items():
        full = key if key.startswith("ec57") else f"ec57/gross/{key}"
        assert values[full] == pytest.approx(value), key
        if full != key:
            assert values[f"ec57/average/{key}"] == pytest.approx(value), key


@pytest.mark.parametrize(
    ("word", "veb_false", "sveb_false"),
    [("Fv", 0, 0), ("Qv", 0, 0), ("Nv", 1, 0), ("Sv", 1, 0), ("Ov", 1, 0), ("Qs", 0, 0), ("Fs", 0, 1), ("Vs", 0, 1)],
)
def test_what_is_a_false_positive(word, veb_false, sveb_false):
    values = scores(["Vv", "Ss", word])
    assert values["ec57/gross/VEB/ppv"] == pytest.approx(1 / (1 + veb_false))
    assert values["ec57/gross/SVEB/ppv"] == pytest.approx(1 / (1 + sveb_false))


def test_missed_beats_lower_sensitivity_only():
    values = scores(["Vv", "Vo", "No", "On", "Nn"])
    assert values["ec57/gross/VEB/se"] == 0.5
    assert values["ec57/gross/VEB/ppv"] == 1
    assert values["ec57/gross/VEB/accuracy"] == pytest.approx(3 / 4)  # Vv, Nn, On right, Vo wrong; No is no VEB matter


def test_first_five_minutes_of_each_record_are_not_counted():
    pairs = ["Vv", "Vn", "Nv", "Vv"]
    values = scores(pairs, seconds=np.array([300.0, 299.99, 0.0, 1000.0]))
    assert values["ec57/beats"] == 2
    assert values["ec57/gross/VEB/se"] == 1
    assert values["ec57/gross/VEB/ppv"] == 1


def test_average_is_over_the_records_where_it_is_defined():
    pairs = ["Vv", "Vv", "Vn", "Vn", "Vv", "Nn", "Nn", "Nv"]
    values = scores(pairs, record=np.array(["a", "a", "a", "a", "b", "b", "c", "c"]))
    assert values["ec57/records"] == 3
    assert values["ec57/gross/VEB/se"] == pytest.approx(3 / 5)
    assert values["ec57/average/VEB/se"] == pytest.approx((1 / 2 + 1) / 2)  # c has no V
    assert values["ec57/average/VEB/ppv"] == pytest.approx((1 + 1 + 0) / 3)
    assert values["ec57/average/VEB/fpr"] == pytest.approx((0 + 1 / 2) / 2)  # a has no other beat


def test_undefined_statistics_are_left_out():
    short = scores(["Vv", "Nn"], seconds=10.0)
    assert short == {"ec57/beats": 0, "ec57/records": 0}
    without = scores(["Nn", "Vv"])
    assert "ec57/gross/SVEB/se" not in without
    assert without["ec57/gross/SVEB/fpr"] == 0


def test_task_without_ectopic_classes_is_refused():
    with pytest.raises(EcgError, match="normal, mi"):
        ec57_scores([0], [0], [400.0], ["a"], ("normal", "mi"))


@pytest.mark.parametrize(
    ("target", "predicted", "seconds"),
    [([0, 1], [0], [400.0]), ([0, 1], [0], [400.0] * 2), ([0], [0, 1], [400.0]), ([0], [0, 1], [400.0] * 2)],
)
def test_arrays_of_unlike_length_are_refused(target, predicted, seconds):
    with pytest.raises(ValueError, match="one per beat"):
        ec57_scores(target, predicted, seconds, ["a"] * len(seconds), AAMI)


def test_four_classes_without_q():
    values = ec57_scores([2, 3, 0], [2, 2, 2], [400.0] * 3, ["a"] * 3, ("N", "S", "V", "F"))
    assert values["ec57/gross/VEB/ppv"] == 0.5
