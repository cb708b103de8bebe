"""Labels that a person keeps: tables of time and label in every spelling, and WFDB annotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.labels import labels_of_annotations, labels_of_table
from ecg.recordings.recording import Recording

FS, SECONDS = 250.0, 60
RECORDING = Recording(
    "rec",
    "rec",
    np.zeros((1, int(FS * SECONDS)), dtype=np.int32),
    np.array([200.0]),
    np.array([0], dtype=np.int32),
    FS,
    ("II",),
)


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "rec.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[tuple[int, str]]:
    found = labels_of_table(table(tmp_path, text, encoding), RECORDING)
    return list(zip(found.sample.tolist(), found.label.tolist(), strict=True))


BEATS = [(250, "N"), (500, "V")]


@pytest.mark.parametrize(
    "text",
    [
        "sample,label\n250,N\n500,V\n",
        "label,sample\nN,250\nV,500\n",
        "time_s,label\n1.0,N\n2.0,V\n",
        "time,label\n1,N\n2,V\n",
        "seconds,label\n1,N\n2,V\n",
        "Time (s),Label\n1,N\n2,V\n",
        "time_ms,label\n1000,N\n2000,V\n",
        "Zeit [ms];label\n1000,0;N\n2000,0;V\n",
        "time_samples,label\n250,N\n500,V\n",
        "time,label\n0:01.0,N\n0:00:02,V\n",
        "time;label\n0:01,000;N\n0:02,000;V\n",
        "time_s;label\n1,0;N\n2,0;V\n",
        "time_s\tlabel\n1.0\tN\n2.0\tV\n",
        'time_s,label\n"1,0",N\n"2,0",V\n',
        "sep=;\ntime_s;label\n1,0;N\n2,0;V\n",
        "# corrected by hand\ntime_s,label\n1.0,N\n2.0,V\n",
        "\n time_s , label \n 1.0 , N \n\n 2.0 , V \n,\n",
        "time_s;label;;\r\n1,0;N;;\r\n2,0;V;;\r\n;;;\r\n",
        "sample,label\n500,V\n250,N\n",
        "time_s,sample,label\n1.0,250,N\n2.0,,V\n",
        "time_s,sample,label\n,250,N\n2.0,500,V\n",
        "time_s,sample,rr_s,label,confidence,p_N,rhythm\n1.0000,250,,N,0.9,0.9,\n2.0000,500,1.0,V,0.9,0.1,AFIB\n",
        "time_s,sample,label\n1.004,250,N\n1.99,500,V\n",
    ],
)
def test_beats_of_a_table_in_any_spelling(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == BEATS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_words_as_labels_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, "time_s;label\n1,0;später Schlag\n2,0;PVC\n", encoding) == [
        (250, "später Schlag"),
        (500, "PVC"),
    ]


def test_an_empty_label_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "sample,label\n250,\n500,-\n") == [(250, "-"), (500, "-")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty"]),
        ("sample,label\n", ["holds no beats"]),
        ("sample,klasse\n250,N\n", ["needs the columns label and sample", "it has sample, klasse"]),
        ("beat,label\n250,N\n", ["needs the columns label and sample", "it has beat, label"]),
        ("sample,label,label\n250,N,V\n", ["2 columns label"]),
        ("sample,label\n250,N\n,V\n", ["row 3", "has no sample"]),
        ("sample,time_s,label\n250,1,N\n,,V\n", ["row 3", "no sample and no time_s"]),
        ("sample,label\n\n250,N\nabc,V\n", ["row 4", "sample is 'abc'", "no number"]),
        ("# by hand\n\nsep=;\nsample;label\n250;N\nabc;V\n", ["row 6", "sample is 'abc'"]),
        ("time_s,label\n1,N\nnan,V\n", ["row 3", "time_s is 'nan'"]),
        ("time_s,label\n1,N\ninf,V\n", ["row 3", "time_s is 'inf'"]),
        ("time,label\n0:01,N\n12 o'clock,V\n", ["row 3", "12 o'clock", "h:mm:ss"]),
        ("time (parsecs),label\n1,N\n", ["parsecs", "time_ms"]),
        ("time_s,label\n1,N\n61,V\n", ["row 3", "61.00 s", "outside the recording of 60.00 s"]),
        ("time_s,label\n61,V\n1,N\n", ["row 2", "61.00 s"]),
        ("sample,label\n-1,N\n250,V\n", ["row 2", "sample -1", "outside"]),
        ("sample,label\n250,N\n15000,V\n", ["row 3", "sample 15000", "outside"]),
        ("sample,label\n250,N\n700,V\n250,V\n", ["two labels at one place", "row 2 and row 4", "1.000 s"]),
        ("time_s,label\n1.00,N\n1.09,V\n", ["two labels at one place", "row 2 and row 3", "1.088 s"]),
        ("sample,time_s,label\n250,1.0,N\n500,2.05,V\n", ["row 3", "2.00 s at 250 Hz", "2.05 s", "another recording"]),
        ("time_s,label\n0,823,N\n", ["row 2", "3 cells", "2 columns", "semicolons"]),
        ("time_s,label\n1.0,N\n\0\0,V\n", ["not a text file"]),
    ],
)
def test_a_mistake_is_told_with_file_and_row_in_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(EcgError) as error:
        read(tmp_path, text)
    said = str(error.value)
    assert said.startswith(f"{tmp_path / 'rec.csv'}: ")
    assert "\n" not in said
    for word in words:
        assert word in said


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"none\.csv does not exist"):
        labels_of_table(tmp_path / "none.csv", RECORDING)


def test_two_beats_may_be_as_near_as_in_svdb(tmp_path: Path) -> None:
    assert len(read(tmp_path, "sample,label\n250,N\n283,V\n")) == 2  # 0.132 s


def annotate(
    folder: Path, sample: list[int], symbol: list[str], notes: list[str] | None = None, fs: float | None = None
) -> Path:
    wfdb.wrann("rec", "atr", np.array(sample), symbol, aux_note=notes, fs=fs, write_dir=str(folder))
    return folder / "rec.atr"


def test_beats_of_annotations_are_their_symbols(tmp_path: Path) -> None:
    path = annotate(tmp_path, [10, 250, 400, 500], ["+", "N", "~", "V"], ["(N", "", "", ""])
    found = labels_of_annotations(path, RECORDING, FS)
    assert list(zip(found.sample.tolist(), found.label.tolist(), strict=True)) == BEATS


def test_a_file_counts_time_at_its_own_rate_or_in_frames(tmp_path: Path) -> None:
    own = labels_of_annotations(annotate(tmp_path, [360, 720], ["N", "V"], fs=360.0), RECORDING, FS)
    frames = labels_of_annotations(annotate(tmp_path, [125, 250], ["N", "V"]), RECORDING, FS / 2)
    assert own.sample.tolist() == frames.sample.tolist() == [250, 500]


def test_a_beat_q_with_a_note_is_labelled_by_it(tmp_path: Path) -> None:
    path = annotate(tmp_path, [250, 500, 750], ["Q", "Q", "V"], ["late", "", "wide"])
    assert labels_of_annotations(path, RECORDING, FS).label.tolist() == ["late", "Q", "V"]


@pytest.mark.parametrize(
    ("sample", "symbol", "words"),
    [
        ([250, 15100], ["N", "N"], "sample 15100, but the record ends at 15000"),
        ([250, 300], ["+", "~"], r"marks no beats \(2 annotations\)"),
        ([250, 500, 510], ["N", "N", "V"], "beat 2 and beat 3"),
    ],
)
def test_mistakes_in_annotations_are_told(tmp_path: Path, sample: list[int], symbol: list[str], words: str) -> None:
    with pytest.raises(EcgError, match=words):
        labels_of_annotations(annotate(tmp_path, sample, symbol), RECORDING, FS)
