"""What all figures share: the words around them, one colour per class, paper and ink."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]

INK = "#222222"
FAINT = "#6B6B6B"
RULE = "#E3E3E3"

# Okabe-Ito, which colour-blind readers can tell apart; grey-blue for the many normal beats, so that the rest stands out
AAMI = {"N": "#5B7F9E", "S": "#E69F00", "V": "#D55E00", "F": "#AA5FA0", "Q": "#009E73"}
_OTHERS = (AAMI["N"], AAMI["V"], AAMI["Q"], AAMI["S"], AAMI["F"], "#0072B2", "#56B4E9", "#000000")


@dataclass(frozen=True)
class Context:
    """The words around a figure or table; its maker knows them, the figure does not.

    Attributes:
        title: dataset, split and number of beats, e.g. `arrhythmia, split patients, test: 49,712 beats`; may be empty.
        footnote: small lines at the foot, e.g. how the split leaks or where the recordings come from.
        simulated: True where any of the recordings were simulated; the heading then says so first.
    """

    title: str
    footnote: str = ""
    simulated: bool = False

    @property
    def heading(self) -> str:
        """The title as shown, marked where the recordings are simulated."""
        parts = ["SIMULATED"] * self.simulated + [self.title] * bool(self.title)
        return ": ".join(parts)

    @property
    def untitled(self) -> Context:
        """The same for a figure on a page that has the title: it moves to the foot, small."""
        return replace(self, title="", footnote="\n".join(filter(None, (self.title, self.footnote))))


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """One hex colour per class name: the AAMI classes always get their own, others the free ones in order."""
    free = [colour for colour in _OTHERS if colour not in {AAMI.get(name) for name in classes}]
    others = [name for name in classes if name not in AAMI]
    spare = {name: free[i % len(free)] for i, name in enumerate(others)}
    return {name: AAMI.get(name) or spare[name] for name in classes}


def new_figure(context: Context, width: float, height: float) -> Figure:
    """An empty figure, `width` by `height` inches, with the context's heading above and its footnote below.

    No pyplot: figures belong to whoever holds them, so that threads and headless machines can draw.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.10)
    figure = Figure(figsize=(width, height), layout=layout, facecolor="white")
    if context.heading:
        title = _wrapped(context.heading, width, points=13)
        figure.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold", color=INK, parse_math=False)
    if context.footnote:
        foot = _wrapped(context.footnote, width, points=9)
        figure.supxlabel(foot, x=0.012, ha="left", fontsize=9, color=FAINT, parse_math=False)
    return figure


def tidy(axes: Axes, title: str = "") -> None:
    """Remove the box around `axes`, add faint rules, and set its title at the left."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9A9A9A")
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=10)
    if title:
        axes.set_title(title, loc="left", fontsize=11, color=INK, parse_math=False)


def say(axes: Axes, words: str) -> None:
    """Write `words` in the middle of `axes` that have nothing else to show."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=10, color=FAINT)


def share_bar(figure: Figure, image: AxesImage, axes: Sequence[Axes], **more: Any) -> None:
    """The colours of confusion matrices, whose cells are shares of a row, in percent."""
    from matplotlib.ticker import PercentFormatter

    bar = figure.colorbar(image, ax=axes, format=PercentFormatter(1, symbol=""), pad=0.015, **more)
    bar.set_label("share of the true class (%)", color=INK)
    bar.outline.set_visible(False)


def clock(seconds: float, decimals: int = 1) -> str:
    """Minutes and seconds, `12:03.4`; rounded first, so that 59.96 s is `1:00.0`."""
    scale = 10**decimals
    whole, part = divmod(round(seconds * scale), scale)
    return f"{whole // 60}:{whole % 60:02d}" + (f".{part:0{decimals}d}" if decimals else "")


def _wrapped(text: str, width: float, points: float) -> str:
    characters = int(width * 72 / (points * 0.66))  # a bold letter is about that much of its size wide
    return "\n".join(line for given in text.splitlines() for line in textwrap.wrap(given, characters))
