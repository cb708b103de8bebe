"""Figures on disk: whole or not at all, and telling in their metadata what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecg import __version__
from ecg.atomic import whole_file
from ecg.errors import EcgError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 120


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` as PNG at 120 dpi, with its heading and footnote as Title and Description.

    One without a heading has the first line at its foot as Title.

    Raises:
        EcgError: `path` does not end in `.png`.
        OSError: the folder cannot be written; an older file of that name stays as it was.
    """
    if path.suffix.lower() != ".png":
        raise EcgError(f"{path}: figures are saved as .png")
    heading, foot = figure.get_suptitle(), figure.get_supxlabel()
    metadata = {
        "Title": " ".join((heading or foot.partition("\n")[0]).split()),
        "Description": " ".join(foot.split()),
        "Software": f"ecg {__version__}",
    }
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata=metadata)
