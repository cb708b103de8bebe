import numpy as np
import pytest

from ecg.report.calibration import bin_beats, reliability_figure
from ecg.report.style import Context

from .conftest import texts


def _beats(sure: float, right: int, n: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """`n` beats of two classes, all called 1 with probability `sure`, `right` of them rightly."""
    return (np.arange(n) < right).astype(int), np.tile([1 - sure, sure], (n, 1))


@pytest.mark.parametrize(
    ("sure", "right", "word"),
    [(0.95, 70, "over-confident:"), (0.65, 90, "under-confident:"), (0.80, 80, "neither over- nor under-confident:")],
)
def test_says_which_way_it_errs_and_by_how_much(sure: float, right: int, word: str, context: Context) -> None:
    box = next(text for text in texts(reliability_figure(*_beats(sure, right), context)) if text.startswith("ECE"))
    ece, verdict, means = box.splitlines()
    assert ece == f"ECE {abs(100 * sure - right):.2f} %"
    assert verdict == word
    assert means == f"{100 * sure:.1f} % sure on average, {right:.1f} % right"


def test_opposite_gaps_do_not_cancel_and_fifteen_bins_hold_every_beat() -> None:
    (t1, p1), (t2, p2) = _beats(0.95, 85), _beats(0.65, 75)
    bins = bin_beats(np.concatenate([t1, t2]), np.concatenate([p1, p2]))
    assert bins.ece == pytest.approx(0.10)
    assert len(bins.count) == 15
    assert bins.count.sum() == 200


def test_certainty_falls_into_the_last_bin() -> None:
    assert bin_beats(*_beats(1.0, 100)).count[-1] == 100


def test_ece_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((400, 5)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    target = rng.integers(0, 5, 400)
    theirs = functional.multiclass_calibration_error(
        torch.tensor(probabilities), torch.tensor(target), num_classes=5, n_bins=15
    )
    assert bin_beats(target, probabilities).ece == pytest.approx(float(theirs), abs=1e-6)


def test_axes_and_words(simulated: Context) -> None:
    figure = reliability_figure(*_beats(0.9, 80), simulated)
    upper, lower = figure.axes
    assert upper.get_ylabel() == "predicted correctly (%)"
    assert lower.get_ylabel() == "share of beats (%)"
    assert lower.get_xlabel() == "probability of the predicted class (%)"
    said = texts(figure)
    assert any(text.startswith("ECE 10.00 %") for text in said)
    assert any(text.startswith("SIMULATED") for text in said)
    assert "100" in [text.get_text() for text in lower.texts]  # beats in the only bin


def test_no_beats_and_one_beat(context: Context) -> None:
    assert "no beats" in texts(reliability_figure(np.zeros(0, int), np.zeros((0, 2)), context))
    assert any("ECE 30.00 %" in text for text in texts(reliability_figure(*_beats(0.7, 1, n=1), context)))


def test_shapes_that_do_not_fit_are_refused(context: Context) -> None:
    with pytest.raises(ValueError, match=r"need \[beat\] and \[beat, class\]"):
        reliability_figure(np.zeros(3, int), np.full(3, 0.5), context)
