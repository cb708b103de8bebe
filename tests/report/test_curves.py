import numpy as np
import pandas as pd
import pytest

from ecg.report.curves import learning_curves
from ecg.report.style import Context

from .conftest import texts


@pytest.fixture
def history() -> pd.DataFrame:
    epoch = np.arange(6)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "train/loss": 1.0 / (epoch + 1),
            "val/loss": 1.1 / (epoch + 1),
            "val/accuracy": 0.9 + 0.01 * epoch,
            "val/balanced_accuracy": 0.8 + 0.01 * epoch,
            "val/macro_f1": 0.7 + 0.01 * epoch,
            "lr": 10.0 ** -(epoch + 2),
        }
    )


def test_panels_have_labels_and_units_and_the_best_epoch_its_values(history: pd.DataFrame, context: Context) -> None:
    figure = learning_curves(history, context, best_epoch=3)
    loss, score, rate = figure.axes
    assert loss.get_ylabel().startswith("loss (")
    assert (score.get_ylabel(), rate.get_ylabel()) == ("score (%)", "learning rate")
    assert {axes.get_xlabel() for axes in figure.axes} == {"epoch"}
    assert rate.get_yscale() == "log"
    said = texts(figure)
    assert {"macro-F1: 73.00 %", "accuracy: 93.00 %", "validation: 0.275", "at the best epoch, 3"} <= set(said)
    assert context.title in said
    assert context.footnote in said


def test_rows_with_gaps_are_joined_as_lightning_writes_them(context: Context) -> None:
    history = pd.DataFrame({"epoch": [0, 0, 1, 1], "train/loss": [1, np.nan, 0.5, np.nan],
                            "val/loss": [np.nan, 2, np.nan, 1]})  # fmt: skip
    training, validation = learning_curves(history, context, None).axes[0].get_lines()
    np.testing.assert_array_equal(training.get_xydata(), [[0, 1], [1, 0.5]])
    np.testing.assert_array_equal(validation.get_xydata(), [[0, 2], [1, 1]])


def test_what_is_missing_is_said(history: pd.DataFrame, simulated: Context) -> None:
    said = texts(learning_curves(history[:0], simulated, None))
    assert said.count("nothing recorded") == 3
    assert any(text.startswith("SIMULATED") for text in said)
    assert texts(learning_curves(history[["epoch", "val/loss"]], simulated, None)).count("nothing recorded") == 2


def test_one_epoch_shows_a_point_and_whole_epochs(history: pd.DataFrame, context: Context) -> None:
    figure = learning_curves(history[:1], context, 0)
    figure.draw_without_rendering()
    assert figure.axes[0].get_lines()[0].get_marker() == "o"
    assert [t for t in figure.axes[0].get_xticks() if t != int(t)] == []
