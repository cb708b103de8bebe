"""Scores of a detector of R peaks against marked beats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.rpeaks import RPeaks
from ecg.errors import EcgError
from ecg.metrics.rpeaks import Detected, detect_all, detected, peak_scores, peak_table
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.recording import Annotations


def marks(*each: tuple[int, str]) -> Annotations:
    return Annotations(np.array([at for at, _ in each], dtype=np.int64), np.array([symbol for _, symbol in each]))


REFERENCE = marks((0, "+"), (100, "N"), (300, "V"), (320, "~"), (500, "["), (520, "!"), (700, "]"), (900, "N"))


def test_beats_are_matched_within_150_ms_and_marks_that_are_none_do_not_count() -> None:
    found = detected("r", REFERENCE, np.array([90, 338, 400, 600, 695, 800, 901]), 250)
    assert (found.matched, found.missed, found.extra, found.in_flutter) == (2, 1, 3, 2)
    np.testing.assert_allclose(found.offset_s, [-0.04, 0.004])


def test_flutter_without_an_end_lasts_to_the_end() -> None:
    open_end = marks((100, "N"), (500, "["))
    assert detected("r", open_end, np.array([100, 499, 500, 5000]), 250).in_flutter == 2
    assert detected("r", open_end, np.array([100, 499, 500, 5000]), 250).extra == 1


def test_nothing_found_and_nothing_marked_are_no_trouble() -> None:
    empty = np.zeros(0, dtype=np.int64)
    found = detected("r", REFERENCE, empty, 250)
    assert (found.matched, found.missed, found.extra) == (0, 3, 0)
    values = peak_scores([found])
    assert (values["se"], values["ppv"], values["f1"], values["missed"]) == (0, 0, 0, 3)
    assert "offset_ms/median" not in values
    none = detected("r", marks(), empty, 250)
    assert (none.matched, none.missed, none.extra) == (0, 0, 0)
    assert detected("r", marks(), np.array([5]), 250).extra == 1


def one(name: str, matched: int, missed: int, extra: int, *offset: float) -> Detected:
    return Detected(name, matched, missed, extra, 1, np.array(offset))


TWO = [one("a", 90, 10, 0, 0.025, -0.026, 0.0), one("b", 2, 0, 2, 0.051, 0.002)]


def test_scores_are_over_all_beats_and_as_the_records_mean() -> None:
    values = peak_scores(TWO)
    assert values["se"] == pytest.approx(92 / 102)
    assert values["ppv"] == pytest.approx(92 / 94)
    assert values["f1"] == pytest.approx(184 / 196)
    assert values["average/se"] == pytest.approx((0.9 + 1) / 2)
    assert values["average/ppv"] == pytest.approx((1 + 0.5) / 2)
    assert [values[key] for key in ("matched", "missed", "extra", "in_flutter")] == [92, 10, 2, 2]
    assert values["offset_ms/median"] == pytest.approx(2)
    assert values["offset/beyond_25_ms"] == pytest.approx(2 / 5)  # 25 ms itself is not beyond
    assert values["offset/beyond_50_ms"] == pytest.approx(1 / 5)


def test_the_table_has_a_row_for_each_record_and_one_for_all() -> None:
    table = peak_table(TWO)
    assert table["record"].tolist() == ["a", "b", "all"]
    assert table["se"].tolist() == pytest.approx([0.9, 1, 92 / 102])


class Shifted:
    """Finds what it was told, at each record's rate."""

    name = "told"

    def __init__(self, peaks: np.ndarray) -> None:
        self.peaks, self.seen = peaks, list[tuple[float, float]]()

    def __call__(self, signal: np.ndarray, fs: float) -> RPeaks:
        self.seen.append((float(signal.max()), fs))
        return RPeaks.at(self.peaks)


def test_a_detector_is_given_the_wanted_lead_of_each_record(
    tmp_path: Path, write_marked: Callable[..., np.ndarray]
) -> None:
    peaks = write_marked(tmp_path, "a")
    write_marked(tmp_path, "b")
    database = BeatDatabase(name="tiny", title="Tiny")
    find = Shifted(peaks[1:] + 1)
    found = detect_all(find, database, tmp_path, ["a", "b"])
    assert [(one.record, one.matched, one.missed) for one in found] == [(n, len(peaks) - 1, 1) for n in "ab"]
    detect_all(find, database, tmp_path, ["a"], ["V1"])
    assert [fs for _, fs in find.seen] == [200, 200, 200]
    assert find.seen[0][0] > 0.9 > find.seen[2][0]  # MLII, and V1 upside down
    with pytest.raises(EcgError, match="no lead V9"):
        detect_all(find, database, tmp_path, ["a"], ["V9"])
    (tmp_path / "b.atr").unlink()
    with pytest.raises(EcgError, match="record b of tiny has no annotations"):
        detect_all(find, database, tmp_path, ["b"])
