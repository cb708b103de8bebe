"""Leads of databases with marked beats: who trains, who tests, what is hidden, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb

from ecg.beats.resampling import lead_millivolts
from ecg.beats.rpeaks.signal import prepared
from ecg.checks import BadSettingError
from ecg.data.rpeaks import RPeaksDataModule
from ecg.data.rpeaks.series import read_series
from ecg.errors import EcgError
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.ludb import LEADS, WaveDatabase
from ecg.recordings.databases.nstdb import NSTDB

Write = Callable[..., np.ndarray]
TINY = BeatDatabase(name="tiny", title="Tiny", test=("d", "e"), left_out=("f", "gone"))
WAVES = WaveDatabase(name="waves", title="Waves")


@pytest.fixture
def folder(tmp_path: Path, write_marked: Write) -> Path:
    for i, name in enumerate("abcdef"):
        write_marked(tmp_path / "tiny", name, seed=i, leads=3 if name == "a" else 2)
    return tmp_path


def module(folder: Path, *databases: Any, **settings: Any) -> RPeaksDataModule:
    return RPeaksDataModule(databases or (TINY,), data_dir=folder, noise=False, **settings)


def test_the_records_that_test_teach_nothing(folder: Path) -> None:
    data = module(folder, val_fraction=0.34)
    data.setup()
    data.setup()
    assert sorted([*data.patients("train"), *data.patients("val")]) == ["a", "b", "c"]
    assert len(data.patients("val")) == 1
    assert [(one.name, list(one.records)) for one in data.tests] == [("tiny", ["d", "e"]), ("tiny, left out", ["f"])]


def test_swapped_the_test_records_teach(folder: Path) -> None:
    data = module(folder, swapped=["tiny"], val_fraction=0)
    data.setup()
    assert (data.patients("train"), data.patients("val")) == (["d", "e"], [])
    assert list(data.tests[0].records) == ["a", "b", "c"]
    assert list(data.tests[1].records) == ["f"]


def test_who_validates_depends_on_the_seed_alone(folder: Path) -> None:
    held = []
    for seed in range(6):
        data = module(folder, val_fraction=0.34, seed=seed)
        data.setup()
        held.append(data.patients("val"))
        again = module(folder, val_fraction=0.34, seed=seed)
        again.setup()
        assert again.patients("val") == held[-1]
    assert len({tuple(one) for one in held}) > 1


def test_both_of_the_first_two_leads_teach_with_the_same_beats(folder: Path, write_marked: Write) -> None:
    found = read_series(TINY, folder / "tiny", ["a", "b"])
    assert [one.name for one in found] == ["a MLII", "a V1", "b MLII", "b V1"]
    peaks = write_marked(folder / "tiny", "a", seed=0, leads=3)
    for one in found[:2]:
        np.testing.assert_allclose(one.beats, peaks / 200)
        assert (one.database, one.patient, one.seconds, len(one.hidden)) == ("tiny", "a", 30, 0)
    recording = TINY.read(folder / "tiny", "a")
    np.testing.assert_array_equal(found[1].signal, prepared(lead_millivolts(recording, 1), 200))


def test_flutter_is_hidden_and_marks_that_are_no_beats_are_none(tmp_path: Path, write_marked: Write) -> None:
    extra = [(10, "+"), (2000, "["), (2050, "!"), (3000, "]"), (3100, "~"), (5000, "[")]
    peaks = write_marked(tmp_path, "a", extra=extra)
    one = read_series(TINY, tmp_path, ["a"])[0]
    np.testing.assert_allclose(one.beats, peaks / 200)
    np.testing.assert_allclose(one.hidden, [[10, 15], [25, 30]])


def test_loose_marks_move_to_the_steepest_place_and_others_stay(tmp_path: Path, write_marked: Write) -> None:
    peaks = write_marked(tmp_path, "a")
    off = np.array([(-5, 4, 0, 5)[i % 4] for i in range(len(peaks))])
    wfdb.wrann("a", "atr", peaks + off, ["N"] * len(peaks), write_dir=str(tmp_path))
    loose = BeatDatabase(name="loose", title="Loose", loose_marks=True)
    first, second = read_series(loose, tmp_path, ["a"])
    np.testing.assert_allclose(first.beats * 200, peaks, atol=1.01)
    np.testing.assert_array_equal(first.beats, second.beats)
    np.testing.assert_allclose(read_series(TINY, tmp_path, ["a"])[0].beats * 200, peaks + off)
    far = peaks + 20  # 100 ms: out of reach
    wfdb.wrann("a", "atr", far, ["N"] * len(far), write_dir=str(tmp_path))
    moved = read_series(loose, tmp_path, ["a"])[0].beats * 200
    assert (np.abs(moved - far) <= 12.01).all()
    assert (np.abs(moved - peaks) >= 7.9).all()


def write_waves(folder: Path, name: str, write_marked: Write, leads: tuple[str, ...] = LEADS) -> np.ndarray:
    """As LUDB: a header of twelve leads, and marks of each with onsets and ends; the outer beats bear none."""
    peaks = write_marked(folder / "one", "x", seconds=10)
    signal = TINY.read(folder / "one", "x").digital[0]
    below = folder / "data"
    below.mkdir(parents=True, exist_ok=True)
    rows = np.stack([signal] * len(leads), axis=1).astype(np.int64)
    options: dict[str, Any] = {
        "fmt": ["16"] * len(leads),
        "adc_gain": [200.0] * len(leads),
        "baseline": [0] * len(leads),
    }
    options |= {"units": ["mV"] * len(leads), "sig_name": list(leads), "write_dir": str(below)}
    wfdb.wrsamp(name, fs=200, d_signal=rows, **options)
    for i, lead in enumerate(leads):
        inner = peaks[1:-1] + i % 2 if lead != "v6" else peaks[:0]
        marks = sorted(
            [(at + step, symbol) for at in inner for step, symbol in ((-9, "("), (0, "N"), (9, ")"), (50, "t"))]
        )
        marks = marks or [(5, "p")]
        at, symbols = np.array([place for place, _ in marks]), [symbol for _, symbol in marks]
        wfdb.wrann(name, "lead", at, symbols, write_dir=str(below))  # which takes no digits in its ending
        (below / f"{name}.lead").rename(below / f"{name}.{lead}")
    return peaks


def test_leads_with_waves_have_marks_of_their_own_and_hide_what_is_outside(tmp_path: Path, write_marked: Write) -> None:
    peaks = write_waves(tmp_path, "7", write_marked)
    found = read_series(WAVES, tmp_path, ["7"])
    assert [one.name for one in found] == [f"waves 7 {lead}" for lead in LEADS if lead != "v6"]  # v6 has no QRS
    assert {(one.database, one.patient) for one in found} == {("waves", "waves 7")}
    for i, one in enumerate(found):
        np.testing.assert_allclose(one.beats, (peaks[1:-1] + i % 2) / 200)
        np.testing.assert_allclose(one.hidden, [[0, one.beats[0] - 0.3], [one.beats[-1] + 0.3, 10]])


def test_leads_of_several_databases_are_drawn_by_their_shares(
    tmp_path: Path, folder: Path, write_marked: Write
) -> None:
    write_waves(tmp_path / "waves", "7", write_marked)
    data = module(folder, TINY, WAVES, shares={"tiny": 3, "waves": 1}, val_fraction=0, windows=4, batch_size=2)
    data.setup()
    assert data.patients("train") == ["a", "b", "c", "waves 7"]
    drawn = data.train_dataloader().dataset
    leads = [one.database for one in drawn.series]  # type: ignore[attr-defined]
    share = np.diff(drawn.edges, prepend=0)[np.array(leads) == "waves"].sum()  # type: ignore[attr-defined]
    assert share == pytest.approx(0.25)
    assert [one.name for one in data.tests] == ["tiny", "tiny, left out"]
    signal, target, counts = next(iter(data.train_dataloader()))
    assert (signal.shape, target.shape, counts.shape) == ((2, 2048), (2, 1024), (2, 1024))
    assert data.at_hand()
    data.prepare_data()


def test_the_first_half_of_the_noise_is_added_with_unit_deviation(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "nstdb").mkdir()
    for name in ("bw", "ma"):
        half = rng.normal(0, 50, (3000, 2))
        whole = np.rint(np.concatenate([half, 900 + 0 * half])).astype(np.int64)
        wfdb.wrsamp(name, fs=200, units=["mV"] * 2, sig_name=["n1", "n2"], d_signal=whole, fmt=["16"] * 2,
                    adc_gain=[200.0] * 2, baseline=[0] * 2, write_dir=str(folder / "nstdb"))  # fmt: skip
    data = RPeaksDataModule((TINY,), data_dir=folder, val_fraction=0)
    assert data.at_hand()
    before = data.fingerprint()
    data.setup()
    assert [(rows.shape, share) for rows, share in data.augment.recorded] == [((2, 1500), 0.4), ((2, 1500), 0.6)]
    for rows, _ in data.augment.recorded:
        np.testing.assert_allclose(rows.std(axis=1), 1)
        assert np.abs(rows[:, -20:]).max() < 6  # nothing of the second half
    (folder / "nstdb" / "ma.dat").write_bytes(bytes(24_000))
    assert data.fingerprint() != before
    assert NSTDB.name == "nstdb"


def test_the_fingerprint_is_of_the_files_that_teach_and_test(folder: Path, write_marked: Write) -> None:
    before = module(folder).fingerprint()
    assert module(folder).fingerprint() == before
    write_marked(folder / "tiny", "e", seed=77)
    assert module(folder).fingerprint() != before


def test_a_database_without_training_records_is_said(folder: Path) -> None:
    all_test = BeatDatabase(name="tiny", title="Tiny", test=tuple("abcdef"))
    with pytest.raises(EcgError, match=r"^none of tiny has records that train"):
        module(folder, all_test, val_fraction=0).setup()
    assert not module(folder / "nowhere").at_hand()
    with pytest.raises(EcgError, match="nowhere/tiny does not exist"):
        module(folder / "nowhere").prepare_data()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"databases": []}, r"^databases=\[\]: must be a list of mitdb, svdb, ludb$"),
        ({"databases": "mitdb"}, r"^databases=mitdb: must be a list of mitdb, svdb, ludb$"),
        ({"databases": ["nstdb"]}, "^databases=nstdb: choose one of mitdb, svdb, ludb, "),
        ({"databases": ["ptbdb"]}, "^databases=ptbdb: choose one of mitdb, svdb, ludb, "),
        ({"databases": ["pathlib.Path"]}, "^databases=pathlib.Path: has no marked beats"),
        ({"databases": ["mitdb", "mitdb"]}, r"^databases=\[mitdb, mitdb\]: names one twice"),
        ({"swapped": ["ludb"]}, r"^swapped=\[ludb\]: has no standard split"),
        ({"databases": ["svdb"], "swapped": ["mitdb"]}, r"^swapped=\[mitdb\]: has no standard split, or is none of"),
        ({"shares": {"mitdb": -1}}, r"^shares\.mitdb=-1: must be at least 0"),
        ({"shares": {"mitbd": 1}}, r"^shares\.mitbd: is none of dataset\.databases"),
        ({"databases": ["svdb"], "shares": {"svdb": 0}}, "^shares: every database has the share 0"),
        ({"val_fraction": 0.6}, "^val_fraction=0.6: must be from 0 to 0.5"),
        ({"windows": 0}, "^windows=0: must be at least 1"),
        ({"batch_size": 1}, "^batch_size=1: must be at least 2"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_read(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=said):
        RPeaksDataModule(**settings)
