"""Text in any encoding that programs write: by its byte-order mark, else UTF-8, else Latin-1."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from .made import assert_read, cells, refused, signal, times, write

X, T = cells(signal() * 1000, "{:.0f}"), cells(times())


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", b"", ""),
        ("utf-8", codecs.BOM_UTF8, ""),
        ("utf-16-le", codecs.BOM_UTF16_LE, "UTF-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "UTF-16"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "UTF-32"),
        ("utf-16-le", b"", "UTF-16-LE"),
        ("utf-16-be", b"", "UTF-16-BE"),
        ("latin-1", b"", "Latin-1"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, mark: bytes, said: str) -> None:
    header = "time,II (uV)" if said.startswith("UTF-16-") else "time,II (µV)"
    path = write(tmp_path / "a.csv", header, T, X)
    path.write_bytes(mark + path.read_text(encoding="utf-8").encode(encoding))
    own = assert_read(path, "II")
    assert len(own.notes) == bool(said)
    assert said in "".join(own.notes)


@pytest.mark.parametrize("header", ["Größe [µV];Zeit [s]", "Meßwert II [µV];Zeit [s]"])
def test_names_in_latin_1_can_be_asked_for(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", header, X, T, sep=";", encoding="latin-1")
    lead = header.split(" [")[0]
    assert_read(path, lead, lead=lead)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_ends_of_lines(tmp_path: Path, end: str) -> None:
    path = write(tmp_path / "a.csv", "title: é\ntime,II (uV)", T, X)
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", end).encode("latin-1"))
    assert_read(path, "II")
    path.write_bytes(path.read_bytes().replace(b"0.400,", b"oops,"))
    refused(path, "'oops'", "row 103")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\3\4\x14\0\0\0", bytes(range(256)) * 20])
def test_no_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with_words = refused(tmp_path / "a.csv")
    assert "not a text file" in with_words or "PNG" in with_words or "ZIP" in with_words.upper()
