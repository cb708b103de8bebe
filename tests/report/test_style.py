import subprocess
import sys

import pytest

from ecg.report.style import Context, class_colours, clock, new_figure

from .conftest import AAMI, texts


def test_aami_colours_are_the_same_whatever_the_order_or_company() -> None:
    alone = {name: class_colours([name])[name] for name in AAMI}
    assert class_colours(AAMI) == alone
    assert {k: class_colours(["noise", *AAMI[::-1]])[k] for k in AAMI} == alone
    assert len(set(alone.values())) == 5


@pytest.mark.parametrize("classes", [["normal", "MI"], ["noise", *AAMI], [f"c{i}" for i in range(8)]])
def test_no_two_classes_share_a_colour(classes: list[str]) -> None:
    assert len(set(class_colours(classes).values())) == len(classes)


def test_more_classes_than_colours_still_get_one() -> None:
    assert len(class_colours([f"c{i}" for i in range(30)])) == 30


def test_simulated_comes_first_in_the_heading_and_on_the_figure() -> None:
    assert Context("mi", simulated=True).heading == "SIMULATED: mi"
    assert Context("mi").heading == "mi"
    assert new_figure(Context("mi", simulated=True), 8, 4).get_suptitle().startswith("SIMULATED")


def test_long_titles_are_wrapped_inside_the_figure_and_dollars_stay_dollars() -> None:
    figure = new_figure(Context("WIDE $a$ " * 40, "a footnote that goes on " * 20), 10, 6)
    assert "$a$" in " ".join(texts(figure))
    for text in (figure._suptitle, figure._supxlabel):
        box = text.get_window_extent()
        assert "\n" in text.get_text()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


@pytest.mark.parametrize(
    ("seconds", "decimals", "shown"),
    [(723.44, 1, "12:03.4"), (59.96, 1, "1:00.0"), (59.6, 0, "1:00"), (0, 1, "0:00.0")],
)
def test_clock_rounds_before_it_splits(seconds: float, decimals: int, shown: str) -> None:
    assert clock(seconds, decimals) == shown


def test_neither_tables_nor_saving_load_matplotlib_and_figures_load_no_pyplot() -> None:
    code = (
        "import sys, ecg.report.tables, ecg.report.save, ecg.report.window; assert 'matplotlib' not in sys.modules;"
        "import ecg.report.strip, ecg.report.beats, ecg.report.confusion, ecg.report.calibration, ecg.report.curves;"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
