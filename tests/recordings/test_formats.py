"""A person's own recording comes out the same, whatever file it comes in."""

from __future__ import annotations

from pathlib import Path

import edfio
import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own
from ecg.recordings.formats.asked import choose_lead

FS = 250.0


def signal(seconds: float = 8, fs: float = FS) -> np.ndarray:
    """A pulse a second on a slow wave, in mV with three decimals."""
    t = np.arange(round(seconds * fs)) / fs
    return np.round(1.2 * np.exp(-(((t % 1) - 0.5) ** 2) / 0.0005) + 0.2 * np.sin(t), 3)


def read(path: Path, **asked: object) -> OwnRecording:
    return read_own(find_inputs([path])[0], Asked(**asked))  # type: ignore[arg-type]


def millivolts(own: OwnRecording) -> np.ndarray:
    return own.recording.millivolts(0)


def table(path: Path, header: str, columns: list[np.ndarray], sep: str = ",", decimal: str = ".") -> Path:
    rows = [sep.join(f"{v:.6f}".replace(".", decimal) for v in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join(([header] if header else []) + rows) + "\n", encoding="utf-8")
    return path


def test_csv_with_times_in_seconds_milliseconds_or_as_a_clock(tmp_path: Path) -> None:
    x = signal()
    t = np.arange(len(x)) / FS
    for header, times in (("time,II", t), ("time_ms,II", t * 1000), ("t (ms),II", t * 1000), ("time,II", t * 1000)):
        own = read(table(tmp_path / "a.csv", header, [times, x]))
        assert own.recording.fs == FS
        np.testing.assert_allclose(millivolts(own), x, atol=1e-6)
    clock = [f"'0:{s:06.3f}',{v:.3f}" for s, v in zip(t, x, strict=True)]
    (tmp_path / "b.csv").write_text("'Elapsed time','II'\n'm:ss.mmm','mV'\n" + "\n".join(clock))
    own = read(tmp_path / "b.csv")
    assert (own.recording.fs, own.recording.leads) == (FS, ("II",))
    np.testing.assert_allclose(millivolts(own), x, atol=1e-6)


def test_times_rounded_to_milliseconds_still_give_the_rate(tmp_path: Path) -> None:
    x = signal(fs=360)
    times = np.round(np.arange(len(x)) / 360, 3)
    own = read(table(tmp_path / "a.csv", "time,II", [times, x]))
    assert own.recording.fs == 360
    assert not len(own.gaps)
    assert own.recording.n_samples == len(x)


def test_csv_with_a_rate_column_or_the_option(tmp_path: Path) -> None:
    x = signal()
    own = read(table(tmp_path / "a.csv", "fs,II", [np.full(len(x), FS), x]))
    assert own.recording.fs == FS
    path = table(tmp_path / "b.csv", "sample,II", [np.arange(len(x)), x])
    assert read(path, fs=FS).recording.fs == FS
    with pytest.raises(EcgError, match=r"b\.csv: the sampling rate is missing.*--fs 360"):
        read(path)


def test_a_rate_in_the_file_is_believed_and_must_be_one(tmp_path: Path) -> None:
    x = signal()
    np.savez(tmp_path / "x.npz", signal=x, fs=FS)
    for path in (table(tmp_path / "a.csv", "fs,II", [np.full(len(x), FS), x]), tmp_path / "x.npz"):
        own = read(path, fs=360)
        assert own.recording.fs == FS
        assert "--fs 360 is not used: the file says 250 Hz." in own.notes
    np.savez(tmp_path / "x.npz", signal=x, fs=-1)
    for path in (table(tmp_path / "a.csv", "fs,II", [np.full(len(x), -1.0), x]), tmp_path / "x.npz"):
        with pytest.raises(EcgError, match="says -1 Hz; a sampling rate must be above 0"):
            read(path)


def test_csv_without_a_header(tmp_path: Path) -> None:
    x = signal()
    own = read(table(tmp_path / "a.csv", "", [np.arange(len(x)) / FS, x]))
    assert own.recording.fs == FS
    assert any("no header" in note for note in own.notes)
    np.testing.assert_allclose(millivolts(own), x, atol=1e-6)
    np.testing.assert_allclose(millivolts(read(table(tmp_path / "b.csv", "", [x]), fs=FS)), x, atol=1e-6)


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    x = signal()
    own = read(table(tmp_path / "a.csv", "time;II", [np.arange(len(x)) / FS, x], sep=";", decimal=","))
    np.testing.assert_allclose(millivolts(own), x, atol=1e-6)


def test_empty_cells_and_missing_rows_are_gaps_and_short_ones_are_bridged(tmp_path: Path) -> None:
    x = signal()
    t = np.arange(len(x)) / FS
    holes = x.copy()
    holes[500:700] = np.nan
    holes[900:903] = np.nan
    own = read(table(tmp_path / "a.csv", "time,II", [t, holes]))
    assert own.gaps.tolist() == [[500, 700]]
    assert any("1 dropouts" in note for note in own.notes)
    assert np.isfinite(millivolts(own)).all()
    there = np.isfinite(x) & ((np.arange(len(x)) < 500) | (np.arange(len(x)) >= 700))
    own = read(table(tmp_path / "b.csv", "time,II", [t[there], x[there]]))
    assert own.gaps.tolist() == [[500, 700]]
    np.testing.assert_allclose(millivolts(own)[there], x[there], atol=1e-6)


def test_numpy_files(tmp_path: Path) -> None:
    x = signal()
    np.save(tmp_path / "one.npy", x)
    np.save(tmp_path / "two.npy", np.stack([x, -x]))
    np.savez(tmp_path / "named.npz", signal=np.stack([-x, x]), fs=FS, leads=["V5", "II"])
    np.testing.assert_allclose(millivolts(read(tmp_path / "one.npy", fs=FS)), x, atol=1e-6)
    np.testing.assert_allclose(millivolts(read(tmp_path / "two.npy", fs=FS, lead="lead 2")), -x, atol=1e-6)
    own = read(tmp_path / "named.npz")
    assert (own.recording.fs, own.recording.leads, own.leads) == (FS, ("II",), ("V5", "II"))
    np.testing.assert_allclose(millivolts(own), x, atol=1e-6)
    with pytest.raises(EcgError, match=r"one\.npy: the sampling rate is missing"):
        read(tmp_path / "one.npy")
    with pytest.raises(EcgError, match=r"two\.npy: which lead.*lead 1, lead 2.*--lead"):
        read(tmp_path / "two.npy", fs=FS)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1000), ("mV", 1), ("V", 1e-3), ("ADU", 200)])
def test_units(tmp_path: Path, unit: str, factor: float) -> None:
    x = signal()
    np.save(tmp_path / "x.npy", x * factor)
    np.testing.assert_allclose(millivolts(read(tmp_path / "x.npy", fs=FS, unit=unit)), x, atol=1e-5)


def test_microvolts_are_noticed_and_said(tmp_path: Path) -> None:
    x = signal()
    np.save(tmp_path / "x.npy", x * 1000)
    own = read(tmp_path / "x.npy", fs=FS)
    np.testing.assert_allclose(millivolts(own), x, atol=1e-5)
    assert any("taken as uV" in note for note in own.notes)
    own = read(table(tmp_path / "a.csv", "time,II_uV", [np.arange(len(x)) / FS, x * 1000]))
    np.testing.assert_allclose(millivolts(own), x, atol=1e-6)
    assert (own.recording.leads, own.notes) == (("II",), ())


def test_edf_keeps_the_stored_integers(tmp_path: Path) -> None:
    digital = np.round(signal() * 500).astype(np.int16)
    made = edfio.EdfSignal.from_digital(
        digital, FS, label="ECG II", physical_dimension="uV", physical_range=(-4000, 4000), digital_range=(-2000, 2000)
    )
    other = edfio.EdfSignal(np.random.default_rng(0).normal(size=800), 100, label="EEG Fpz")
    edfio.Edf([other, made]).write(tmp_path / "x.edf")
    own = read(tmp_path / "x.edf")
    assert own.recording.leads == ("ECG II",)
    assert own.recording.fs == FS
    np.testing.assert_array_equal(own.recording.digital[0], digital)
    np.testing.assert_allclose(millivolts(own), digital / 500, atol=1e-6)


@pytest.mark.parametrize(
    ("leads", "asked", "expected"),
    [
        (("V1", "II", "MLII"), Asked(preferred=("MLII", "V5")), "MLII"),
        (("V5", "MLII"), Asked(preferred=("MLII", "V5")), "MLII"),
        (("V1", "ecg ii"), Asked(preferred=("MLII", "V5")), "ecg ii"),
        (("V1", "II"), Asked(lead="v1"), "V1"),
        (("EEG C3", "ECG"), Asked(preferred=("MLII",)), "ECG"),
        (("chest",), Asked(preferred=("MLII",)), "chest"),
        (("II", "ECG II"), Asked(lead="ECG II"), "ECG II"),
    ],
)
def test_leads_are_chosen_by_name(leads: tuple[str, ...], asked: Asked, expected: str) -> None:
    assert leads[choose_lead("x", leads, asked)[0]] == expected


@pytest.mark.parametrize(
    ("leads", "asked"),
    [
        (("I", "III"), Asked(preferred=("MLII",))),
        (("V1", "V2"), Asked(lead="II")),
        (("ECG 1", "ECG 2"), Asked()),
        (("lead II", "ECG II"), Asked(lead="II")),
    ],
)
def test_no_such_lead_or_two_names_the_leads_there_are(leads: tuple[str, ...], asked: Asked) -> None:
    with pytest.raises(EcgError, match=f"it has {leads[0]}, {leads[1]}"):
        choose_lead("x", leads, asked)


BAD = {
    "prose.csv": ("Dear reader,\nhere is my ECG\n", "no table of numbers"),
    "empty.csv": ("", "the file is empty"),
    "words.csv": ("time,II\n0,1\n0.004,oops\n0.008,2\n", "no numbers, first 'oops'"),
    "back.csv": ("time,II\n0,1\n0.004,1\n0.002,2\n0.006,1\n", "go back at row 4"),
    "uneven.csv": ("time,II\n" + "".join(f"{i**1.5 / 100},{i}\n" for i in range(100)), "not evenly spaced"),
    "jump.csv": (
        "time,II\n" + "".join(f"{i / 250 + 1e6 * (i > 50)},{i}\n" for i in range(200)),
        "jump by 1,000,000 s at row 53",
    ),
    "nothing.csv": ("time,II\n0,nan\n0.004,\n0.008,\n", "holds no signal"),
    "twice.csv": ("II,II\n0,1\n1,2\n", "two columns of one name"),
    "text.npy": ("not numpy", "no NumPy file"),
    "text.edf": ("not an EDF file at all", "no EDF file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, name: str) -> None:
    content, expected = BAD[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(EcgError, match=expected) as error:
        read(tmp_path / name, fs=250)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_cut_off_edf_is_an_error(tmp_path: Path) -> None:
    edfio.Edf([edfio.EdfSignal(signal(), FS, label="II", physical_dimension="mV")]).write(tmp_path / "x.edf")
    content = (tmp_path / "x.edf").read_bytes()
    (tmp_path / "x.edf").write_bytes(content[:300])
    with pytest.raises(EcgError, match=r"x\.edf: damaged"):
        read(tmp_path / "x.edf")


def test_inputs_are_files_records_and_folders(tmp_path: Path) -> None:
    for name in ("a.csv", "b.npy", "c.hea", "notes.txt", "d.edf"):
        (tmp_path / name).touch()
    assert [(one.record, one.form) for one in find_inputs([tmp_path])] == [
        ("a", "csv"),
        ("b", "numpy"),
        ("c", "wfdb"),
        ("d", "edf"),
    ]
    assert find_inputs([tmp_path / "c"]) == find_inputs([tmp_path / "c.hea"]) == find_inputs([tmp_path / "c.dat"])
    assert find_inputs([tmp_path, tmp_path / "a.csv"]) == find_inputs([tmp_path])


def test_inputs_that_cannot_be_meant(tmp_path: Path) -> None:
    (tmp_path / "x.doc").touch()
    (tmp_path / "y.dat").write_text("text")
    (tmp_path / "sub").mkdir()
    for path, expected in (
        (tmp_path / "x.doc", r"\.doc is not read here; known are \.hea, \.edf"),
        (tmp_path / "y.dat", "needs its header"),
        (tmp_path / "z", "does not exist"),
        (tmp_path / "z.csv", "does not exist"),
        (tmp_path / "sub", "has no recordings"),
    ):
        with pytest.raises(EcgError, match=expected):
            find_inputs([path])
    (tmp_path / "sub" / "x.csv").touch()
    (tmp_path / "x.npy").touch()
    names = [one.record for one in find_inputs([tmp_path / "sub" / "x.csv", tmp_path / "x.npy"])]
    assert names == ["sub_x", f"{tmp_path.name}_x"]
