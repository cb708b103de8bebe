"""Simulated recordings are true WFDB files, and their patients look like patients."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import wfdb
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

import ecg
from ecg.errors import EcgError
from ecg.recordings.synthetic import write_arrhythmia, write_mi

AAMI = {"N": "N", "L": "N", "R": "N", "A": "S", "J": "S", "V": "V", "F": "F", "/": "Q", "f": "Q", "Q": "Q"}
FS = 360


@pytest.fixture(scope="module")
def arrhythmia(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrhythmia")
    write_arrhythmia(folder, patients=12, minutes=2, seed=3)
    return folder


@pytest.fixture(scope="module")
def infarction(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mi")
    write_mi(folder, patients=60, seconds=8, seed=3)
    return folder


def names(folder: Path) -> list[str]:
    return (folder / "RECORDS").read_text().split()


def beats(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    marks = wfdb.rdann(str(folder / name), "atr")
    return marks.sample[1:], np.array(marks.symbol[1:])


def mv(folder: Path, name: str, lead: str) -> np.ndarray:
    record = wfdb.rdrecord(str(folder / name))
    return record.p_signal[:, record.sig_name.index(lead)]


def qrs_ms(x: np.ndarray, peak: int) -> float:
    """Width of the QRS at half its height, in ms."""
    near = x[peak - 72 : peak + 73]
    height = np.abs(near - np.median(x))
    below = np.flatnonzero(height < height[72] / 2)
    return (below[below > 72].min() - below[below < 72].max()) / FS * 1000


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_header_and_annotations_are_those_of_mit_bih(arrhythmia):
    assert names(arrhythmia) == [f"sim{i:03d}" for i in range(12)]
    for index, name in enumerate(names(arrhythmia)):
        record = wfdb.rdrecord(str(arrhythmia / name), physical=False)
        assert (record.fs, record.sig_len, record.sig_name) == (360, 2 * 60 * 360, ["MLII", "V5"])
        assert (record.fmt, record.adc_gain, record.baseline) == (["212"] * 2, [200.0] * 2, [1024] * 2)
        assert (record.adc_res, record.adc_zero, record.units) == ([11] * 2, [1024] * 2, ["mV"] * 2)
        assert record.checksum == record.calc_checksum()
        assert record.comments == [f"simulated by ecg {ecg.__version__}, McSharry et al. 2003, seed 3, patient {index}"]
        marks = wfdb.rdann(str(arrhythmia / name), "atr")
        assert marks.symbol[0] == "+"
        assert marks.aux_note[0].rstrip("\x00") == ("(P" if "/" in marks.symbol else "(N")
        assert np.all(np.diff(marks.sample) > 0)
        assert marks.sample[-1] < record.sig_len
        assert marks.sample[1] / 360 == pytest.approx(0.3, abs=0.05)


def test_nothing_but_the_records_is_left_in_the_folder(arrhythmia, infarction):
    wanted = {f"{n}.{end}" for n in names(arrhythmia) for end in ("hea", "dat", "atr")} | {"RECORDS"}
    assert set(all_bytes(arrhythmia)) == wanted
    assert set(all_bytes(infarction)) == {f"{n}.{e}" for n in names(infarction) for e in ("hea", "dat")} | {"RECORDS"}


@pytest.mark.parametrize(
    ("write", "length"), [(write_arrhythmia, {"minutes": 0.2}), (write_mi, {"seconds": 5})], ids=["arrhythmia", "mi"]
)
def test_a_patient_depends_on_the_seed_and_its_number_only(tmp_path, write, length):
    for folder, patients, seed in [("a", 3, 1), ("same", 3, 1), ("more", 4, 1), ("seed", 3, 2)]:
        write(tmp_path / folder, patients=patients, seed=seed, **length)
    first = all_bytes(tmp_path / "a")
    assert first == all_bytes(tmp_path / "same")
    more = all_bytes(tmp_path / "more")
    assert all(more[file] == content for file, content in first.items() if file != "RECORDS")
    other = all_bytes(tmp_path / "seed")
    signals = [file for file in first if file.endswith(".dat")]
    assert all(other[file] != first[file] for file in signals)
    assert len({first[file] for file in signals}) == len(signals)  # no two patients alike


@pytest.mark.parametrize("seed", [0, 3])
def test_each_aami_class_is_held_by_patients_on_both_sides_of_a_split(tmp_path, seed):
    write_arrhythmia(tmp_path, patients=12, minutes=0.5, seed=seed)
    holders = Counter(c for name in names(tmp_path) for c in {AAMI[s] for s in beats(tmp_path, name)[1]})
    assert set(holders) == set("NSVFQ")
    assert min(holders.values()) >= 3
    for half in (names(tmp_path)[:6], names(tmp_path)[6:]):
        assert {AAMI[s] for name in half for s in beats(tmp_path, name)[1]} == set("NSVFQ")
        assert sum("/" in beats(tmp_path, name)[1] for name in half) == 1


def test_shortest_recordings_still_hold_every_class(tmp_path):
    write_arrhythmia(tmp_path, patients=6, minutes=0.2)
    assert {AAMI[s] for name in names(tmp_path) for s in beats(tmp_path, name)[1]} == set("NSVFQ")


def test_most_beats_are_normal_and_burden_varies_between_patients(arrhythmia):
    unpaced = [n for n in names(arrhythmia) if "/" not in beats(arrhythmia, n)[1]]
    share = [np.mean([AAMI[s] != "N" for s in beats(arrhythmia, name)[1]]) for name in unpaced]
    assert np.mean(share) < 0.3
    assert min(share) < 0.04
    assert max(share) > 0.1


def test_annotations_sit_at_the_qrs_peak(arrhythmia):
    off = []
    for name in names(arrhythmia):
        x = mv(arrhythmia, name, "MLII")
        for peak, symbol in zip(*beats(arrhythmia, name), strict=True):
            if symbol in "/fQ" or peak < 25:  # a pacemaker's spike may be taller than the QRS
                continue
            reach = round(0.07 * FS)
            near = x[peak - reach : peak + reach + 1]
            base = np.median(x[max(peak - 180, 0) : peak + 180])
            off.append(abs(int(np.argmax(np.abs(near - base))) - reach) / FS)
    assert len(off) > 1000
    assert np.mean(np.array(off) <= 0.040) > 0.99


def test_premature_beats_are_early_and_only_ventricular_ones_are_wide(arrhythmia):
    width: dict[str, list[float]] = {s: [] for s in "NVAJ"}
    before: dict[str, list[float]] = {s: [] for s in "VAJF"}
    around: dict[str, list[float]] = {s: [] for s in "VA"}
    for name in names(arrhythmia):
        sample, symbol = beats(arrhythmia, name)
        x = mv(arrhythmia, name, "MLII")
        rr = np.diff(sample)
        own = np.median(rr[(symbol[1:] == symbol[0]) & (symbol[:-1] == symbol[0])])
        for k in range(1, len(sample) - 1):
            s = symbol[k]
            if s in width and symbol[0] == "N":
                width[s].append(qrs_ms(x, sample[k]))
            if s in before:
                before[s].append(rr[k - 1] / own)
            if s in around:
                around[s].append((rr[k - 1] + rr[k]) / own)
    assert all(len(v) >= 5 for v in width.values())
    assert np.median(width["V"]) > 2 * np.median(width["N"])
    assert np.median(width["A"]) == pytest.approx(np.median(width["N"]), rel=0.3)
    assert np.median(width["J"]) == pytest.approx(np.median(width["N"]), rel=0.3)
    for symbol in "VAJ":
        assert 0.4 < np.median(before[symbol]) < 0.85, symbol
    assert 0.85 < np.median(before["F"]) < 1.02
    assert np.median(around["V"]) == pytest.approx(2.0, abs=0.08)  # compensatory pause
    assert np.median(around["A"]) < 1.9  # the sinus node is reset


def test_the_t_wave_of_ventricular_beats_points_against_their_qrs(arrhythmia):
    agreeing = []
    for name in names(arrhythmia):
        sample, symbol = beats(arrhythmia, name)
        x = mv(arrhythmia, name, "MLII")
        if symbol[0] != "N" or "V" not in symbol:
            continue
        for k in range(1, len(sample) - 1):
            peak = sample[k]
            level = np.median(x[peak - 126 : peak - 90])
            if symbol[k] == "V":
                agreeing.append((x[peak] - level) * (x[peak + 108 : peak + 126].mean() - level) > 0)
    assert len(agreeing) >= 20
    assert np.mean(agreeing) < 0.1


def test_paced_beats_follow_a_spike(arrhythmia):
    name = next(n for n in names(arrhythmia) if "/" in beats(arrhythmia, n)[1])
    sample, symbol = beats(arrhythmia, name)
    x = mv(arrhythmia, name, "MLII")
    slope = np.abs(np.diff(x))
    before = [slope[p - 40 : p - 8].max() for p, s in zip(sample[1:], symbol[1:], strict=True) if s == "/"]
    elsewhere = [slope[p + 120 : p + 150].max() for p, s in zip(sample[:-1], symbol[:-1], strict=True) if s == "/"]
    assert np.median(before) > 3 * np.median(elsewhere)


def test_sinus_rhythm_breathes_and_a_paced_heart_does_not(arrhythmia):
    def variation(name: str) -> float:
        sample, symbol = beats(arrhythmia, name)
        usual = (symbol[1:] == symbol[0]) & (symbol[:-1] == symbol[0])
        rr = np.diff(sample)[usual]
        return float(np.std(rr[rr < 1.3 * np.median(rr)]) / np.mean(rr))

    assert 0.01 < variation("sim000") < 0.12
    assert variation("sim003") < 0.02


def test_header_of_mi_is_that_of_ptb_and_names_the_diagnosis(infarction):
    assert names(infarction)[:2] == ["patient000/sim000", "patient001/sim001"]
    reasons = []
    for index, name in enumerate(names(infarction)):
        record = wfdb.rdrecord(str(infarction / name), physical=False)
        assert (record.fs, record.sig_len, record.sig_name) == (1000, 8000, ["i", "ii", "v5"])
        assert (record.fmt, record.adc_gain, record.baseline) == (["16"] * 3, [2000.0] * 3, [0] * 3)
        assert f"simulated by ecg {ecg.__version__}, McSharry et al. 2003, seed 3, patient {index}" in record.comments
        reasons.append(record.comments[0])
    count = Counter(reasons)
    assert set(count) == {"Reason for admission: Myocardial infarction", "Reason for admission: Healthy control"}
    assert min(count.values()) == 24


def mean_beat(x: np.ndarray) -> np.ndarray:
    """Median beat at 1000 Hz from 0.3 s before to 0.5 s after the steepest point of R, 0 mV before the QRS."""
    steep = np.abs(np.gradient(x))
    found = [p for p in range(1000, 7000) if steep[p] == steep[p - 300 : p + 300].max()]
    return np.median([x[p - 300 : p + 500] - np.median(x[p - 90 : p - 70]) for p in found], axis=0)


def test_infarction_shifts_st_and_is_learnable_but_not_beyond_doubt(infarction):
    sick = np.array(["infarction" in wfdb.rdheader(str(infarction / n)).comments[0] for n in names(infarction)])
    beat = np.array([mean_beat(mv(infarction, name, "ii")) for name in names(infarction)])
    st = beat[:, 390:410].mean(axis=1)
    assert st[sick].mean() > st[~sick].mean() + 0.015
    assert st[sick].std() > 1.2 * st[~sick].std()  # some up, some down
    assert np.mean((st[sick] > st[~sick].min()) & (st[sick] < st[~sick].max())) > 0.2

    x = StandardScaler().fit_transform(beat[:, ::20] / np.ptp(beat, axis=1)[:, None])
    chance = cross_val_predict(LogisticRegression(max_iter=500), x, sick, cv=6, method="predict_proba")[:, 1]
    assert 0.7 < roc_auc_score(sick, chance) < 0.995


@pytest.mark.parametrize(
    ("write", "argument", "says"),
    [
        (write_arrhythmia, {"patients": 0}, "patients=0: must be from 1 to 1000"),
        (write_arrhythmia, {"minutes": 0.1}, r"minutes=0.1: must be from 0.2"),
        (write_arrhythmia, {"minutes": float("nan")}, "minutes=nan"),
        (write_arrhythmia, {"seed": -1}, "seed=-1: must be at least 0"),
        (write_mi, {"patients": -2}, "patients=-2"),
        (write_mi, {"seconds": 1}, "seconds=1: must be from 5"),
    ],
)
def test_bad_arguments_are_named_with_their_range(tmp_path, write, argument, says):
    with pytest.raises(EcgError, match=says):
        write(tmp_path / "x", **argument)
    assert not (tmp_path / "x").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(EcgError, match="is a file"):
        write_arrhythmia(tmp_path / "taken", patients=1)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_failed_write_leaves_no_half_record(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(wfdb, "wrann", full)
    with pytest.raises(OSError, match="no space"):
        write_arrhythmia(tmp_path, patients=1, minutes=0.2)
    assert list(tmp_path.iterdir()) == []
