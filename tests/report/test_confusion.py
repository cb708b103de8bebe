import numpy as np
import pytest
from matplotlib.colors import to_hex

from ecg.report.confusion import confusion_figure
from ecg.report.style import Context, class_colours

from .conftest import AAMI, texts

MATRIX = np.array([[18050, 40, 15, 8, 5], [80, 460, 14, 2, 0], [30, 8, 1400, 10, 0], [20, 2, 18, 122, 0],
                   [9, 0, 4, 0, 1595]])  # fmt: skip


def test_cells_tell_counts_and_row_percentages_and_margins_se_and_ppv(context: Context) -> None:
    figure = confusion_figure(MATRIX, AAMI, context)
    said = texts(figure)
    assert {"18,050", "99.6 %", "80", "14.4 %"} <= set(said)  # 80 of 556 S beats taken for N
    assert {"82.73 %", "460 of 556", "90.20 %", "of 510"} <= set(said)  # Se and +P of S
    assert "98.79 %" in said  # accuracy
    assert context.title in said
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in axes.get_xticklabels()] == [*AAMI, "Se"]
    assert axes.get_yticklabels()[1].get_text() == "S\n556 beats"


def test_rows_are_true_classes(context: Context) -> None:
    cells = confusion_figure(np.array([[1, 3], [0, 6]]), ["normal", "MI"], context).axes[0].images[0].get_array()
    np.testing.assert_allclose(cells, [[0.25, 0.75], [0, 1]])


def test_edges_carry_the_class_colours(context: Context) -> None:
    drawn = {to_hex(patch.get_facecolor()).upper() for patch in confusion_figure(MATRIX, AAMI, context).axes[0].patches}
    assert set(class_colours(AAMI).values()) <= drawn


def test_absent_classes_have_a_dash_in_place_of_a_number(simulated: Context) -> None:
    said = texts(confusion_figure(np.array([[7, 0], [0, 0]]), ["normal", "MI"], simulated))
    assert {"no beats", "never predicted", "100.00 %"} <= set(said)
    assert said.count("-") == 4  # two cells, Se, +P
    assert not any("nan" in text for text in said)


def test_nothing_at_all_and_many_classes_can_be_drawn(context: Context) -> None:
    assert "no beats" in texts(confusion_figure(np.zeros((2, 2), int), ["normal", "MI"], context))
    assert "class11" in texts(confusion_figure(np.eye(12, dtype=int), [f"class{i}" for i in range(12)], context))


def test_wrong_shape_is_refused(context: Context) -> None:
    with pytest.raises(ValueError, match="5 classes need"):
        confusion_figure(np.eye(4, dtype=int), AAMI, context)
