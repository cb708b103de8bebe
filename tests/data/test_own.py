"""A person's own labelled recordings as beats to train on: minutes of sample records in the forms that people keep."""

from __future__ import annotations

import logging
from collections import Counter
from functools import cache as cache_of
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest
import wfdb

from ecg.data import Folds, OwnDataModule
from ecg.errors import EcgError
from ecg.recordings.databases.sample import FOLDER
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

SECONDS = 20
RECORDS = ("200", "223", "233")
ALL = {"N": ["N"], "V": ["V"]}
OTHERS = ("A", "a", "F", "S", "J")


@cache_of
def start_of(record: str, at: float = 0.0) -> tuple[Recording, list[tuple[int, str]]]:
    """Twenty seconds of a sample record, and its beats."""
    whole = read_record(FOLDER / record)
    first, n = round(at * whole.fs), round(SECONDS * whole.fs)
    marks = whole.annotations
    assert marks is not None
    inside = marks.beats & (marks.sample >= first) & (marks.sample < first + n)
    beats = list(zip((marks.sample[inside] - first).tolist(), marks.symbol[inside].tolist(), strict=True))
    cut = whole.digital[:, first : first + n]
    return Recording(record, record, cut, whole.gain, whole.baseline, whole.fs, whole.leads), beats


def csv_file(path: Path, recording: Recording, head: str = "time_s,MLII (mV)", fs: float | None = 360.0) -> None:
    values = [f"{v:.4f}" for v in recording.millivolts(0)]
    rows = values if fs is None else [f"{i / fs:.6f},{v}" for i, v in enumerate(values)]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def edf_file(path: Path, recording: Recording) -> None:
    limits: Any = {"physical_range": (-10.24, 10.235), "digital_range": (-2048, 2047)}
    digital = (recording.digital[0] - 1024).astype(np.int16)
    signal = edfio.EdfSignal.from_digital(digital, recording.fs, label="ECG MLII", physical_dimension="mV", **limits)
    edfio.Edf([signal]).write(path)


def wfdb_files(folder: Path, name: str, recording: Recording) -> None:
    how: dict[str, Any] = {"units": ["mV"], "sig_name": ["MLII"], "fmt": ["16"], "adc_gain": [200], "baseline": [1024]}
    wfdb.wrsamp(name, fs=recording.fs, d_signal=recording.digital.T.astype(np.int64), write_dir=str(folder), **how)


def labels_file(path: Path, beats: list[tuple[int, str]], fs: float = 360.0) -> None:
    path.write_text("time_s,label\n" + "".join(f"{at / fs:.4f},{label}\n" for at, label in beats), encoding="utf-8")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording each in CSV, EDF and WFDB form, with tables of labels beside them."""
    folder = tmp_path_factory.mktemp("mixed")
    (first, one), (second, two), (third, three) = map(start_of, RECORDS)
    csv_file(folder / "200.csv", first)
    labels_file(folder / "200.labels.csv", one)
    edf_file(folder / "223.edf", second)
    labels_file(folder / "223.csv", two)
    wfdb_files(folder, "233", third)
    labels_file(folder / "233.csv", three)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def data(folder: Path, cache: Path, **settings: Any) -> OwnDataModule:
    made = OwnDataModule(folder, cache_dir=cache, **settings)
    made.prepare_data()
    made.setup()
    return made


def test_each_beat_has_its_own_label_whatever_the_format(mixed: Path, cache: Path) -> None:
    own = data(mixed, cache, segmentation="window", classes=ALL, left_out=OTHERS)
    for record in RECORDS:
        _, beats = start_of(record)
        mine = own.beats.record == record
        found = list(zip(own.beats.sample[mine].tolist(), own.beats.symbol[mine].tolist(), strict=True))
        assert found == [beat for beat in beats if beat[1] in ("N", "V")]
        assert own.beats.y[mine].tolist() == ["NV".index(label) for _, label in found]
    assert set(own.beats.lead.tolist()) == {"MLII"}
    assert set(own.beats.patient.tolist()) == set(RECORDS)


def test_patients_are_kept_apart_by_default(mixed: Path, cache: Path) -> None:
    own = data(mixed, cache, classes=ALL, left_out=OTHERS)
    people = [set(own.beats.patient[index].tolist()) for index in own.split.subsets.values()]
    assert sum(map(len, people)) == len(set.union(*people)) == 3
    assert own.split.by_patient
    assert any("another patient" in note for note in own.info.notes)
    assert own.info.title == f"own, source {mixed.name} (own), segmentation kaggle, split patients"


def test_what_was_found_is_shown(mixed: Path, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        own = data(mixed, cache, classes=["N", "F"], left_out=["V", *OTHERS[:2], "S", "J"], segmentation="window")
    shown = next(one.message for one in caplog.records if one.message.startswith("beats by patient and class"))
    lines = [line.split() for line in shown.splitlines()[1:]]
    assert lines[0] == ["patient", "N", "F", "subset"]
    for record, line in zip(RECORDS, lines[1:], strict=False):
        counts = Counter(label for _, label in start_of(record)[1])
        subset = next(s for s, index in own.split.subsets.items() if record in own.beats.patient[index])
        assert line == [record, str(counts["N"]), str(counts["F"]), subset]
    assert lines[-1][0] == "all"
    many = sum(label == "V" for record in RECORDS for _, label in start_of(record)[1])
    assert any(f"beats left out: {many} labelled V" in one.message for one in caplog.records)


def test_annotations_are_labels_too(tmp_path: Path, cache: Path) -> None:
    for record in RECORDS:
        recording, beats = start_of(record)
        wfdb_files(tmp_path, record, recording)
        marks, symbols = zip(*beats, strict=True)
        wfdb.wrann(record, "atr", np.array(marks), list(symbols), write_dir=str(tmp_path))
    own = data(tmp_path, cache, labels="atr", segmentation="window")
    wanted = Counter(label for record in RECORDS for _, label in start_of(record)[1])
    assert Counter(own.beats.symbol.tolist()) == wanted
    assert own.classes == ("N", "S", "V", "F", "Q")


def test_words_numbers_and_own_names_of_classes(mixed: Path, cache: Path, tmp_path: Path) -> None:
    words = {"N": "normal", "V": "PVC"}
    for number, record in enumerate(RECORDS):
        _, beats = start_of(record)
        said = [(at, words.get(label, "-") if number else label) for at, label in beats]
        labels_file(tmp_path / f"{record}.csv", said)
    own = data(mixed, cache, labels_folder=tmp_path, classes={"normal": ["N"], "PVC": ["V"]}, left_out=OTHERS)
    assert Counter(own.beats.symbol.tolist()).keys() == {"N", "V", "normal", "PVC"}
    assert own.beats.y.tolist() == [int(label in ("V", "PVC")) for label in own.beats.symbol.tolist()]
    assert own.info.facts["beats_left_out"]["without a label"] > 0  # type: ignore[index]
    labels_file(tmp_path / "200.csv", [(at, str(int(label == "V"))) for at, label in start_of("200")[1]])
    for record in RECORDS[1:]:
        labels_file(tmp_path / f"{record}.csv", [(at, str(int(label == "V"))) for at, label in start_of(record)[1]])
    assert data(mixed, cache, labels_folder=tmp_path, classes=[0, 1]).classes == ("0", "1")


def test_a_class_without_beats_is_counted_as_none(mixed: Path, cache: Path) -> None:
    own = data(mixed, cache, classes={**ALL, "paced": ["/"]}, left_out=OTHERS)
    assert own.info.counts["train"]["paced"] == 0


def test_every_label_without_a_class_is_told_at_once(mixed: Path, cache: Path) -> None:
    with pytest.raises(EcgError) as error:
        data(mixed, cache, classes={"N": ["N"], "F": ["F"]}, left_out=["Q"])
    counts = Counter(label for record in RECORDS for _, label in start_of(record)[1])
    for said in ("200.labels.csv: the beat at ", f"{counts['V']} V", "dataset.left_out=[Q,V"):
        assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_labels_that_change_make_other_beats(mixed: Path, cache: Path, tmp_path: Path) -> None:
    for record in RECORDS:
        labels_file(tmp_path / f"{record}.csv", start_of(record)[1])
    how: dict[str, Any] = {"labels_folder": tmp_path, "classes": ALL, "left_out": OTHERS, "segmentation": "window"}
    before = data(mixed, cache, **how)
    assert data(mixed, cache, **how).cached
    _, beats = start_of("200")
    labels_file(tmp_path / "200.csv", [(beats[0][0], "V" if beats[0][1] == "N" else "N"), *beats[1:]])
    after = data(mixed, cache, **how)
    assert not after.cached
    assert (after.beats.y != before.beats.y).sum() == 1
    assert not data(mixed, cache, **how, patients="(2)[0-9]+", split="beats").cached


def test_rate_and_unit_for_files_that_say_neither(tmp_path: Path, cache: Path) -> None:
    for record in RECORDS:
        recording, beats = start_of(record)
        csv_file(tmp_path / f"{record}.csv", recording, head="V5", fs=None)
        labels_file(tmp_path / f"{record}.labels.csv", beats)
    with pytest.raises(
        EcgError, match=r"200\.csv: the sampling rate is missing; give it in Hz, e\.g\. dataset\.fs=360"
    ):
        data(tmp_path, cache)
    own = data(tmp_path, cache, fs=360, unit="mV", segmentation="window")
    assert len(own.beats) == sum(len(start_of(record)[1]) for record in RECORDS)
    assert not any("weights" in note for note in own.info.notes)  # of the only lead, which is no usual one


def test_what_a_reader_notices_is_noted_in_the_words_of_settings(mixed: Path, cache: Path) -> None:
    notes = data(mixed, cache, fs=250).info.notes
    assert any(note.startswith("In 1 of 3 recordings: dataset.fs=250 is not used: the time column") for note in notes)
    assert any(note.startswith("In 2 of 3 recordings: dataset.fs=250 is not used") for note in notes)
    assert not any("--" in note or "weights" in note for note in notes)


@pytest.fixture(scope="module")
def two_leads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings of the leads V1 (which is upside down) and II."""
    folder = tmp_path_factory.mktemp("leads")
    for record in RECORDS:
        recording, beats = start_of(record)
        values = recording.millivolts(0)
        rows = [f"{i / 360:.6f},{-v:.4f},{v:.4f}" for i, v in enumerate(values)]
        (folder / f"{record}.csv").write_text("\n".join(["time_s,V1 (mV),II (mV)", *rows]) + "\n")
        labels_file(folder / f"{record}.labels.csv", beats)
    return folder


@pytest.mark.parametrize(
    ("leads", "name"), [(None, "II"), (["II"], "II"), (["v1"], "v1"), (["MLII|V1"], "V1"), (["MLII|first"], "II")]
)
def test_the_lead_is_chosen_by_name(two_leads: Path, cache: Path, leads: list[str] | None, name: str) -> None:
    own = data(two_leads, cache, leads=leads)
    recording = own.source.recording("200")
    assert recording is not None
    signal = recording.millivolts(recording.lead_index(name))
    assert set(own.beats.lead.tolist()) == {name}
    upright = start_of("200")[0].millivolts(0) * (1 if name == "II" else -1)
    np.testing.assert_allclose(signal, upright, atol=1e-3)


@pytest.mark.parametrize(("leads", "words"), [(["V5"], r"no lead 'V5' \(dataset\.leads\); it has V1, II"),
                                              (["V5|V4"], r"none of the leads V5, V4 \(dataset\.leads\)")])  # fmt: skip
def test_a_lead_that_is_not_there(two_leads: Path, cache: Path, leads: list[str], words: str) -> None:
    with pytest.raises(EcgError, match=words):
        data(two_leads, cache, leads=leads)


def test_the_same_signal_under_two_patients_is_refused_in_any_format(mixed: Path, cache: Path, tmp_path: Path) -> None:
    recording, beats = start_of("200")
    csv_file(tmp_path / "ann.csv", recording)
    labels_file(tmp_path / "ann.labels.csv", beats)
    edf_file(tmp_path / "bob.edf", recording)
    labels_file(tmp_path / "bob.csv", beats)
    other, its = start_of("200", at=60)
    csv_file(tmp_path / "cid.csv", other)
    labels_file(tmp_path / "cid.labels.csv", its)
    with pytest.raises(EcgError, match=r"bob\.edf and .*ann\.csv hold the same signal, of the patients bob and ann"):
        data(tmp_path, cache)
    (tmp_path / "patients.csv").write_text("record,patient\nann,1\nbob,1\ncid,2\n")
    own = data(tmp_path, cache, patients=str(tmp_path / "patients.csv"), val_fraction=0)
    assert set(own.beats.patient.tolist()) == {"1", "2"}


def test_beats_beside_a_gap_are_left_out(mixed: Path, cache: Path, tmp_path: Path) -> None:
    recording, beats = start_of("200")
    values = [f"{i / 360:.6f},{v:.4f}" for i, v in enumerate(recording.millivolts(0))]
    values[3600:3960] = [f"{i / 360:.6f}," for i in range(3600, 3960)]
    for record in RECORDS:
        (tmp_path / f"{record}.csv").write_text("\n".join(["time_s,MLII (mV)", *values]) + "\n")
        labels_file(tmp_path / f"{record}.labels.csv", beats)
    own = data(tmp_path, cache, patients="(2)", split="beats", segmentation="window")
    left = own.info.facts["beats_left_out"]["beside a gap in the signal"]  # type: ignore[index]
    inside = [at for at, _ in beats if 3600 <= at < 3960]
    assert left >= 3 * len(inside) > 0
    assert not set(inside) & set(own.beats.sample.tolist())


def test_a_few_beats_too_few_are_told_with_the_file(mixed: Path, cache: Path, tmp_path: Path) -> None:
    for record in RECORDS:
        labels_file(tmp_path / f"{record}.csv", start_of(record)[1])
    labels_file(tmp_path / "223.csv", start_of("223")[1][:1])
    with pytest.raises(EcgError, match=r"223\.csv: .*1 annotated beats.*another dataset\.segmentation"):
        data(mixed, cache, labels_folder=tmp_path)


@pytest.mark.parametrize("split", ["patients", "folds"])
def test_too_few_patients_are_told_by_name(mixed: Path, cache: Path, split: str) -> None:
    with pytest.raises(EcgError, match=rf"split={split}: 3 or more patients .*these have 1 \(2\).*patients=\(2\)"):
        data(mixed, cache, patients="(2)", split=split)


def test_folds_deal_out_training_patients(tmp_path: Path, cache: Path) -> None:
    for number, record in enumerate(("106", "119", "200", "223", "233")):
        recording, beats = start_of(record)
        wfdb_files(tmp_path, f"p{number}", recording)
        labels_file(tmp_path / f"p{number}.csv", beats)
    folds = [
        data(tmp_path, cache, split="folds", folds=Folds(count=2, index=i), val_fraction=0).split.test for i in (0, 1)
    ]
    assert all(map(len, folds))
    assert not np.intersect1d(*folds).size


def test_simulated_recordings_say_so(tmp_path: Path, cache: Path) -> None:
    for at, name in enumerate("abc"):
        recording, beats = start_of("200", at=60 * at)
        wfdb_files(tmp_path, name, recording)
        labels_file(tmp_path / f"{name}.csv", beats)
    assert "SIMULATED" not in data(tmp_path, cache).info.title
    with (tmp_path / "a.hea").open("a") as header:
        header.write("# simulated by a model\n")
    assert "SIMULATED" in data(tmp_path, cache).info.title
