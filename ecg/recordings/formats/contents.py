"""What a file holds by its first bytes, whatever its name ends in."""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path

_HEAD = 1 << 14
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"0       ", ".edf"),
    (0, b"\xffBIOSEMI", ".bdf"),
    (0, b"\x93NUMPY", ".npy"),
    (0, b"ALIVE\0", ".atc"),
    (0, b"ISHNE1.0", ".ecg"),
    (16, b"SCPECG", ".scp"),
    (128, b"DICM", ".dcm"),
    (2, b"MFR ", ".mwf"),
    (0, b"%PDF", ".pdf"),
    (0, b"\x89PNG", ".png"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"GIF8", ".gif"),
    (0, b"RIFF", ".wav"),
    (0, b"\x1f\x8b", ".gz"),
    (0, b"BZh", ".bz2"),
    (0, b"\xfd7zXZ", ".xz"),
    (0, b"7z\xbc\xaf\x27\x1c", ".7z"),
    (0, b"Rar!", ".rar"),
    (0, b"\xd0\xcf\x11\xe0", ".xls"),
    (0, b"\x89HDF", ".h5"),
    (0, b"MATLAB 5.0", ".mat"),
    (0, b"PAR1", ".parquet"),
    (0, b"SQLite format 3", ".sqlite"),
    (0, b"{\\rtf", ".rtf"),
)
"""Where a file says what it is: place, bytes, and the ending that such a file should have."""

NAMES: dict[str, str] = {
    **{".edf": "EDF", ".bdf": "BDF", ".npy": "a NumPy array", ".npz": "NumPy arrays", ".csv": "a table of numbers"},
    **{".atc": "an AliveCor file", ".ecg": "ISHNE", ".scp": "SCP-ECG", ".dcm": "DICOM", ".mwf": "MFER", ".xml": "XML"},
    **{".pdf": "a PDF", ".png": "a PNG image", ".jpg": "a JPEG image", ".gif": "a GIF image", ".wav": "audio or video"},
    **{".gz": "a gzip archive", ".bz2": "a bzip2 archive", ".xz": "an xz archive", ".7z": "a 7-Zip archive"},
    **{".rar": "a RAR archive", ".zip": "a ZIP archive", ".xls": "an old Office document", ".docx": "a Word document"},
    **{".xlsx": "an Excel workbook", ".h5": "HDF5", ".mat": "a MATLAB file", ".parquet": "a Parquet table"},
    **{".sqlite": "a SQLite database", ".rtf": "an RTF document", ".html": "a web page"},
}
"""What a person calls the contents, by ending."""
WAY_ON: dict[str, str] = {
    **dict.fromkeys((".gz", ".bz2", ".xz", ".7z", ".rar", ".zip"), "unpack it first"),
    **dict.fromkeys((".xls", ".xlsx", ".parquet"), "save the table as CSV"),
    **dict.fromkeys((".mat", ".h5"), "save its signal as .npz or CSV"),
}
"""What to do with a file that is no recording but may hold one."""

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CONTROL = bytes({*range(9), *range(14, 27)})  # bytes that no text has
_CELL = re.compile(r"[\d.,:eE+\-/TZ ]*|nan|na|null|none|-?inf", re.IGNORECASE)
_NOTHING = re.compile(r"nan|null|none|[\s;,'\"-]", re.IGNORECASE)
_FEWEST, _SHARE = 3, 0.8
"""A table has this many lines of numbers or more, and from the first of them on so large a share of its lines."""


def kind(path: Path) -> str | None:
    """The ending that a file of these contents should have, e.g. `.edf`; None where the contents do not tell.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    for place, signature, ending in _SIGNATURES:
        if head[place:].startswith(signature) and (ending not in (".edf", ".bdf") or _is_header(head)):
            return ending
    text = _text(head)
    if text is None:
        return None
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype html", "<html")):
        return ".html"
    if start.startswith("<?xml") or re.match(r"<[a-z]", start):
        return ".xml"
    return ".csv" if _is_table(text) else None


def mentions_ecg(path: Path) -> bool:
    """Whether the beginning of a file of text says `ECG`, as the XML files of electrocardiographs do."""
    with path.open("rb") as file:
        return b"ecg" in file.read(_HEAD).replace(b"\0", b"").lower()


def _is_header(head: bytes) -> bool:
    """Whether the sizes of an EDF file's header are where they belong; a text may begin with 0 and blanks too."""
    return all(head[place].strip().isdigit() for place in (slice(184, 192), slice(252, 256)))


def _zipped(path: Path) -> str:
    try:
        names = zipfile.ZipFile(path).namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        return ".npz" if path.suffix.lower() == ".npz" else ".zip"  # cut off: its reader says so
    holds = {".npz": r"[^/]*\.npy", ".xlsx": r"xl/.*", ".docx": r"word/.*"}
    return next((ending for ending, one in holds.items() if any(re.fullmatch(one, name) for name in names)), ".zip")


def _text(head: bytes) -> str | None:
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if encoding is None and (not head or head.translate(None, _CONTROL) != head):
        return None
    return head.decode(encoding or "latin-1", errors="ignore")


def _is_table(text: str) -> bool:
    """Whether most lines hold numbers, after a heading of any length."""
    lines = [line for line in text.splitlines() if _NOTHING.sub("", line)]
    if len(text) > _HEAD // 2 and len(lines) > 1:
        lines = lines[:-1]  # perhaps cut off
    numeric = [_is_numbers(line) for line in lines]
    if sum(numeric) < _FEWEST:
        return False
    rest = numeric[numeric.index(True) :]
    return sum(rest) >= _SHARE * len(rest)


def _is_numbers(line: str) -> bool:
    """Whether all cells of a line are numbers or times; the first of several may be anything, as a date in words."""
    cells = [cell.strip(" '\"[]") for cell in re.split(r"[;\t]" if re.search(r"[;\t]", line) else ",", line)]
    return any(map(str.isdigit, line)) and all(_CELL.fullmatch(cell) for cell in cells[len(cells) > 1 :])
