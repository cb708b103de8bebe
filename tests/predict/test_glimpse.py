"""The small picture of a recording shows its signal where it matters."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from ecg.predict.glimpse import HEIGHT, TOP, WIDTH, drawing, glimpse
from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.summary import summary
from ecg.predict.trust import trust
from ecg.recordings.formats import OwnRecording
from ecg.runs.weights import Weights


@pytest.fixture
def labelled(own: OwnRecording, weights: Weights) -> Labelled:
    """All N and sure, but for one V at the 31st R peak."""
    made = label_beats(own, weights)
    label = np.where(np.arange(len(made)) == 30, 2, 0)
    probability = np.where(np.arange(5) == label[:, None], 1.0, 0.0).astype(np.float32)
    return replace(made, label=label, probability=probability, reason=np.full(len(label), ""), fibrillation=None)


def columns(trace: str) -> dict[int, tuple[int, int]]:
    """Highest and lowest row that the path reaches in each column."""
    x = y = 0
    rows: dict[int, tuple[int, int]] = {}
    for kind, a, b in re.findall(r"([Mhv])(-?\d+)(?: (-?\d+))?", trace):
        x, y = (int(a), int(b)) if kind == "M" else (x + int(a), y) if kind == "h" else (x, y + int(a))
        top, bottom = rows.get(x, (y, y))
        rows[x] = min(top, y), max(bottom, y)
    return rows


def of(labelled: Labelled, weights: Weights) -> dict[str, object]:
    return glimpse(labelled, summary(labelled, trust(weights), None, ()) | {"heart_rate": calm()})


def calm() -> dict[str, object]:
    pauses = {"above_s": 2.0, "count": 0}
    return {"mean": 70.0, "lowest": 60.0, "highest": 80.0, "pauses": pauses}


def test_the_rarest_beat_is_in_the_middle_and_marked(labelled: Labelled, weights: Weights) -> None:
    found = of(labelled, weights)
    assert found["what"] == "a beat V"
    assert found["at_s"] == pytest.approx(labelled.seconds[30], abs=0.01)
    assert found["start_s"] == pytest.approx(labelled.seconds[30] - 5, abs=0.01)
    assert found["beats"]["V"] == f"M{WIDTH // 2} 0v8"  # type: ignore[index]
    assert len(str(found["trace"])) < 4000


def test_the_trace_is_the_signal(labelled: Labelled, weights: Weights) -> None:
    found = of(labelled, weights)
    rows = columns(str(found["trace"]))
    assert sorted(rows) == list(range(WIDTH))
    assert min(top for top, _ in rows.values()) >= TOP
    assert max(bottom for _, bottom in rows.values()) <= HEIGHT
    signal = labelled.recording.millivolts(0)
    first = round(float(found["start_s"]) * 360)  # type: ignore[arg-type]
    peak = int(signal[first : first + 3600].argmax()) // 15
    assert rows[peak][0] == min(top for top, _ in rows.values())


def test_missing_signal_is_left_out_and_all_of_it_too(labelled: Labelled, weights: Weights) -> None:
    start = round(float(of(labelled, weights)["start_s"]) * 360)  # type: ignore[arg-type]
    holed = replace(labelled, own=replace(labelled.own, gaps=np.array([[start + 360, start + 720]])))
    rows = columns(str(of(holed, weights)["trace"]))
    assert not set(rows) & set(range(25, 47))
    gone = replace(labelled, own=replace(labelled.own, gaps=np.array([[0, labelled.recording.n_samples]])))
    assert of(gone, weights)["trace"] == ""


def test_a_reason_with_a_time_goes_before_a_rare_beat(labelled: Labelled, weights: Weights) -> None:
    content = summary(labelled, trust(weights), None, ()) | {"heart_rate": calm()}
    atrial = {"stretches_s": [[0.0, 40.0]], "share_of_time": 0.67}
    found = glimpse(labelled, content | {"atrial_fibrillation": atrial})
    assert (found["start_s"], found["at_s"]) == (0.0, 5.0)
    assert found["what"] == "atrial fibrillation or flutter, 67.0 % of the time"


def test_words_and_paths_in_the_drawing_are_escaped() -> None:
    bad = '"><script>'
    made = str(drawing({"start_s": 1.0, "what": bad, "trace": bad, "beats": {"V": bad, "X": "M1 0v8"}}, ("N", "V")))
    assert "<script>" not in made
    assert made.count("<path") == 2
