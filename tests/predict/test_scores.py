"""Counts against a reference that are right by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.labels import AAMI_CLASSES
from ecg.errors import EcgError
from ecg.predict.scores import BeatList, beat_list, compare, compare_files, score
from ecg.recordings.recording import Annotations
from ecg.recordings.wfdb_annotations import annotation_bytes

NONE = np.zeros((0, 2), dtype=np.int64)


def beats(seconds: list[float], names: str, flutter: list[list[int]] | None = None) -> BeatList:
    samples = np.round(np.array(seconds) * 360).astype(np.int64)
    label = np.array(["NSVFQ".find(name) for name in names], dtype=np.int64)  # -1 for `-`, no label
    return BeatList(samples, label, np.array(flutter or NONE, dtype=np.int64).reshape(-1, 2))


def test_missed_extra_and_unlabelled_beats_count_as_stated() -> None:
    reference = beats([400, 401, 402, 403, 404], "NVVSN")
    test = beats([400.1, 401, 403, 404, 410], "NV-NV")  # 402 missed, 403 found without a label, 410 is nothing
    found = score([compare("a", reference, test, 360)])
    assert found["r_peaks/matched"] == 4
    assert found["r_peaks/missed"] == 1
    assert found["r_peaks/extra"] == 1
    assert found["r_peaks/gross/se"] == 4 / 5
    assert found["r_peaks/gross/ppv"] == 4 / 5
    assert found["beats/V/se"] == 1 / 2
    assert found["beats/V/ppv"] == 1 / 2
    assert found["beats/S/se"] == 0
    assert "beats/S/ppv" not in found  # nothing was predicted as S
    assert found["beats/N/se"] == 1
    assert found["beats/not_labelled"] == 1
    assert found["ec57/gross/VEB/se"] == 1 / 2
    assert found["ec57/gross/VEB/ppv"] == 1 / 2


def test_the_learning_period_counts_for_the_usual_scores_only() -> None:
    reference, test = beats([10, 400, 401], "VVN"), beats([10, 400, 401], "NVN")
    found = score([compare("a", reference, test, 360)])
    assert found["beats/V/se"] == 1 / 2
    assert found["ec57/gross/VEB/se"] == 1


def test_detections_within_flutter_are_left_out_and_counted() -> None:
    reference = beats([1, 2, 9], "NNN", flutter=[[3 * 360, 8 * 360]])
    test = beats([1, 2, 4, 5, 9, 9.5], "NNVVNN")
    found = score([compare("a", reference, test, 360)])
    assert found["r_peaks/in_flutter"] == 2
    assert found["r_peaks/extra"] == 1
    assert "beats/V/ppv" not in found


def test_gross_sums_beats_and_average_means_records() -> None:
    one = compare("a", beats([400, 401, 402, 403], "VVVV"), beats([400, 401, 402, 403], "VVVV"), 360)
    two = compare("b", beats([400, 401], "VN"), beats([400, 401], "NN"), 360)
    found = score([one, two])
    assert found["beats/V/se"] == 4 / 5
    assert found["beats/average/V/se"] == 1 / 2
    assert found["ec57/gross/VEB/se"] == 4 / 5
    assert found["ec57/average/VEB/se"] == 1 / 2


def test_a_task_without_aami_classes_scores_r_peaks_only() -> None:
    found = score([compare("a", beats([1, 2], "NN"), beats([1, 2], "--"), 360)], ())
    assert found["r_peaks/gross/se"] == 1
    assert not [key for key in found if not key.startswith("r_peaks")]


def test_a_reference_without_beats_is_an_error() -> None:
    with pytest.raises(EcgError, match="record a: the reference marks no beats"):
        compare("a", beats([], ""), beats([1], "N"), 360)


def test_fibrillation_is_scored_where_both_sides_tell_the_rhythm() -> None:
    plain = beats([1, 2], "NN")
    told = replace(plain, fibrillation=np.array([[0, 3600]]))
    assert score([compare("a", told, told, 360)])["fibrillation/duration/se"] == 1
    for reference, test in ((plain, told), (told, plain)):
        found = score([compare("a", reference, test, 360)])
        assert not [key for key in found if key.startswith("fibrillation")]


@pytest.mark.parametrize(("where", "records"), [(".", ["a", "b"]), ("a", ["a"]), ("b.ecg", ["b"])])
def test_files_of_a_folder_or_of_one_record(tmp_path: Path, where: str, records: list[str]) -> None:
    for record in "ab":
        (tmp_path / f"{record}.hea").write_text(f"{record} 1 360 7200\n")
        for annotator, last in (("atr", (1000, "[")), ("ecg", (5000, "V"))):  # flutter to the end of the record
            sample, symbol = zip((360, "N"), (720, "N"), last, strict=True)
            marks = Annotations(np.array(sample), np.array(symbol), np.full(3, ""))
            (tmp_path / f"{record}.{annotator}").write_bytes(annotation_bytes(marks, 360.0))
    done, problems = compare_files(tmp_path / where, "atr", "ecg", None)
    assert problems == []
    assert [(one.record, one.left_out, len(one.match.pairs)) for one in done] == [(record, 1, 2) for record in records]


def test_annotations_become_beats_classes_and_flutter() -> None:
    found = beat_list(Annotations(np.array([5, 10, 20, 30, 40, 50, 60]), np.array(list("+NA[!]?"))))
    assert found.sample.tolist() == [10, 20, 60]
    assert [AAMI_CLASSES[i] if i >= 0 else "-" for i in found.label] == ["N", "S", "-"]
    assert found.flutter.tolist() == [[30, 50]]
    assert found.fibrillation is None
    assert beat_list(Annotations(np.array([10, 30]), np.array(["N", "["]))).flutter.tolist() == [[30, 31]]
