import struct
from pathlib import Path

import pytest

from ecg import __version__
from ecg.errors import EcgError
from ecg.report.save import save_figure
from ecg.report.style import Context, new_figure


def test_png_has_its_size_and_says_what_it_shows(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    words = Context("arrhythmia, 5 κ classes " * 8, "simulated recordings", simulated=True)
    save_figure(new_figure(words, 10, 5), tmp_path / "new" / "a.png")
    with image.open(tmp_path / "new" / "a.png") as picture:
        assert picture.size == (1200, 600)
        assert picture.text["Title"] == words.heading.strip()
        assert picture.text["Description"] == "simulated recordings"
        assert picture.text["Software"] == f"ecg {__version__}"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure = new_figure(context, 4, 3)

    def fail(name: Path, **_: object) -> None:
        Path(name).write_bytes(b"half")
        raise OSError("disk full")

    figure.savefig = fail  # type: ignore[method-assign,assignment]
    with pytest.raises(OSError, match="disk full"):
        save_figure(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    save_figure(new_figure(context, 4, 3), path)
    assert struct.unpack(">II", path.read_bytes()[16:24]) == (480, 360)


def test_other_formats_are_refused(tmp_path: Path, context: Context) -> None:
    with pytest.raises(EcgError, match=r"saved as \.png"):
        save_figure(new_figure(context, 4, 3), tmp_path / "a.pdf")
