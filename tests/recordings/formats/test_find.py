"""Which files are meant: by what they hold, then by what they are called; folders are searched downwards."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.recordings.formats import find_inputs, find_recordings
from ecg.recordings.formats.contents import kind
from ecg.recordings.formats.record_names import record_names

from .edf_writing import signal, write
from .records import record

ROWS = "".join(f"{i / 250:.3f},{np.sin(i / 30):.3f}\n" for i in range(300))
HEADER = "r 1 360 3600\nr.dat 16 200/mV 16 0 0 0 0 II\n"


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


def arrays() -> bytes:
    made = io.BytesIO()
    np.savez(made, signal=np.sin(np.arange(500) / 30))
    return made.getvalue()


KINDS = {
    ".npy": b"\x93NUMPY\x01\0",
    ".npz": arrays(),
    ".xlsx": archive("[Content_Types].xml", "xl/workbook.xml"),
    ".docx": archive("word/document.xml"),
    ".zip": archive("a/ecg.csv"),
    ".pdf": b"%PDF-1.7\n",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".gz": gzip.compress(b"ecg"),
    ".mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64",
    ".atc": b"ALIVE\0\0\0\x03\0\0\0",
    ".ecg": b"ISHNE1.0",
    ".scp": bytes(16) + b"SCPECG\0\0",
    ".dcm": bytes(128) + b"DICM",
    ".xml": b'\xef\xbb\xbf<?xml version="1.0"?><AnnotatedECG/>',
    ".html": b"<!DOCTYPE html><html></html>",
    ".csv": ("time,II\n" + ROWS).encode(),
}


@pytest.mark.parametrize("ending", KINDS)
def test_contents_tell_the_kind(tmp_path: Path, ending: str) -> None:
    (tmp_path / "x").write_bytes(KINDS[ending])
    assert kind(tmp_path / "x") == ending


TABLES = {
    "numbers": (ROWS, True),
    "a heading of any length": ("Name,X\nRecorded,today\n" * 10 + "\nECG\n" + ROWS, True),
    "decimal commas": (ROWS.replace(",", ";").replace(".", ","), True),
    "one column": ("".join(f"{i}\n" for i in range(100)), True),
    "dates": ("".join(f"[10:00:{i:02}.000 01/02/2020],{i},-0.1\n" for i in range(50)), True),
    "months in words": ("".join(f"1 May 2020 10:00:{i:02},{i}\n" for i in range(50)), True),
    "empty cells": ("a,b\n" + "1,\n2,3\n,nan\n;\n4,-\n" * 9, True),
    "UTF-16": (ROWS.encode("utf-16"), True),
    "Latin-1": ("Größe,II\n".encode("latin-1") + ROWS.encode(), True),
    "prose": ("Dear reader,\nin 2020 I had an ECG.\n" * 9, False),
    "patients": ("".join(f"{i},{i + 30},male,SR,LVH\n" for i in range(99)), False),
    "checksums": ("".join(f"{i:064x}  r{i}.dat\n" for i in range(99)), False),
    "annotations": ("".join(f"0:{i:02}.000 {i * 360} N 0 0 0\n" for i in range(59)), False),
    "a WFDB header": (HEADER, False),
    "an EDF header begins so too": ("0       \n" + ROWS, True),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_numbers_are_told_from_other_text(tmp_path: Path, name: str) -> None:
    content, table = TABLES[name]
    (tmp_path / "x.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert (kind(tmp_path / "x.txt") == ".csv") == table
    assert (find_inputs([tmp_path / "x.txt"])[0].form) == "csv"  # named, it is read for what it is called
    (tmp_path / "y.npy").write_bytes(b"\x93NUMPY")
    assert ("x" in [one.record for one in find_inputs([tmp_path])]) == table


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [("x.edf", KINDS[".npy"], "numpy"), ("x.csv", KINDS[".npz"], "numpy"), ("x.npy", KINDS[".csv"], "csv"),
     ("x", KINDS[".csv"], "csv"), ("x.log", KINDS[".csv"], "csv"), ("x.bin", KINDS[".atc"], "alivecor"),
     ("x.dat", KINDS[".csv"], "csv"), ("x.txt", KINDS[".xml"], "cart")],
)  # fmt: skip
def test_contents_come_before_endings_and_it_is_said(tmp_path: Path, name: str, content: bytes, form: str) -> None:
    (tmp_path / name).write_bytes(content)
    (one,) = find_inputs([tmp_path / name])
    assert one.form == form
    assert "The file holds" in one.notes[0]


def test_contents_that_agree_need_no_note(tmp_path: Path) -> None:
    for name, content in (
        ("a.txt", ".csv"),
        ("a.tsv", ".csv"),
        ("a.npz", ".npz"),
        ("a.xml", ".xml"),
        ("a.dicom", ".dcm"),
    ):
        (tmp_path / name).write_bytes(KINDS[content])
        assert find_inputs([tmp_path / name])[0].notes == ()


@pytest.mark.parametrize(
    ("kind", "said"),
    [(".pdf", "holds a PDF, no recording; read here are .hea"), (".png", "a PNG image"), (".docx", "a Word document"),
     (".xlsx", "an Excel workbook, no recording; save the table as CSV"), (".gz", "a gzip archive.*unpack it first"),
     (".zip", "a ZIP archive"), (".mat", "a MATLAB file.*save its signal"), (".html", "a web page")],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["", ".csv", ".edf", ".npz", ".txt", ".pdf"])
def test_other_files_are_refused_by_what_they_are(tmp_path: Path, kind: str, said: str, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(KINDS[kind])
    with pytest.raises(EcgError, match=said) as error:
        find_inputs([path])
    assert str(error.value).startswith(f"{path}: ")


def test_folders_are_searched_downwards(tmp_path: Path) -> None:
    for folder in ("a", "a/b", ".hidden", "c"):
        (tmp_path / folder).mkdir()
    record(tmp_path / "a", HEADER)
    (tmp_path / "a" / "r.atr").write_bytes(b"\0\0")
    write(tmp_path / "a" / "b" / "no_ending", signal(2))
    write(tmp_path / ".hidden" / "no.edf", signal(2))
    (tmp_path / "c" / "x.csv").write_text(ROWS)
    (tmp_path / "c" / "100.csv").write_text("time_s,sample,rr_s,label,confidence,p_N\n" + "1,2,3,4,5,6\n" * 9)
    (tmp_path / "c" / "records.csv").write_text("record,file,error\n" + "1,2,3\n" * 9)
    (tmp_path / "c" / "100.ecg").write_bytes(b"\1\4\0\0")
    (tmp_path / "c" / "notes.txt").write_text("Dear reader\n")
    (tmp_path / "c" / "patients.csv").write_text("name,age\nX,60\n")
    (tmp_path / "c" / "report.edf").write_bytes(KINDS[".pdf"])
    (tmp_path / "c" / "report.pdf").write_bytes(KINDS[".pdf"])
    (tmp_path / "c" / "lonely.dat").write_bytes(bytes(range(256)))
    (tmp_path / "c" / "settings.xml").write_text("<?xml version='1.0'?><settings/>")
    found = find_recordings([tmp_path])
    names = ["no_ending", "r", "x"]
    assert sorted(one.path.stem for one in found.inputs) == names
    skipped = {Path(one.split(": ")[0]).name: one for one in found.skipped}
    assert sorted(skipped) == ["lonely.dat", "patients.csv", "report.edf"]
    assert "holds a PDF" in skipped["report.edf"]
    assert "no table of numbers" in skipped["patients.csv"]
    assert "needs its header" in skipped["lonely.dat"]


def test_one_that_cannot_be_meant_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.csv").write_text(ROWS)
    found = find_recordings([tmp_path / "nowhere.edf", tmp_path / "x.csv", tmp_path / "empty"]).inputs
    assert [one.form for one in found] == ["", "csv", ""]
    assert "does not exist" in found[0].problem
    assert "has no recordings" in found[2].problem


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a/x.csv"], ["x"]),
        (["a/x.csv", "a/y.csv"], ["x", "y"]),
        (["sub1/rec.hea", "sub2/rec.hea", "other.csv"], ["sub1_rec", "sub2_rec", "other"]),
        (["a/sub/rec.hea", "b/sub/rec.hea"], ["a_sub_rec", "b_sub_rec"]),
        (["s/rec.csv", "s/rec.edf"], ["rec_csv", "rec_edf"]),
        (["s/rec.csv", "s/rec.edf", "t/rec.csv"], ["s_rec_csv", "s_rec_edf", "t_rec_csv"]),
        (["s/Rec.csv", "t/rec.csv"], ["s_Rec", "t_rec"]),
        (["s 1/rec.csv", "s_1/rec.csv", "s_1_rec.csv"], None),
        (["index.csv", "records.csv"], ["index_2", "records_2"]),
    ],
)
def test_recordings_of_one_name_are_told_apart(tmp_path: Path, paths: list[str], expected: list[str] | None) -> None:
    given = [(tmp_path / path, Path(path).stem) for path in paths]
    names = record_names(given)
    assert len({name.lower() for name in names}) == len(names)
    assert expected is None or names == expected
    assert sorted(record_names(given[::-1])) == sorted(names) or expected is None
