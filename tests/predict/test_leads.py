"""The leads beside the labelled one, as much of them as fits a page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg.predict import leads
from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.leads import OtherLeads, other_leads
from ecg.predict.page import record_page
from ecg.predict.strip import STEP_MV, make_strip
from ecg.predict.summary import summary
from ecg.predict.trust import trust
from ecg.recordings.formats import Asked, find_inputs, read_own
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights, load_weights

from .test_strip import decode

Others = Callable[..., tuple[Labelled, OtherLeads]]
ODD = "<!--<script>\u202e\x1b[31m"


@pytest.fixture
def others(recording: Recording, weights: Weights, tmp_path: Path) -> Others:
    """A recording of which MLII is labelled, with further leads of these values, and what is found of these."""

    def make(further: Mapping[str, np.ndarray], **more: Any) -> tuple[Labelled, OtherLeads]:
        values = {"MLII": recording.millivolts(0), **further}
        path = tmp_path / "own.npz"
        np.savez(path, signal=np.stack(list(values.values())), leads=np.array(list(values)), fs=360, units="mV")
        (source,) = find_inputs([path])
        asked = Asked(preferred=("MLII",))
        labelled = label_beats(read_own(source, asked), weights)
        return labelled, other_leads(labelled, source, asked, **more)

    return make


def page(labelled: Labelled, found: OtherLeads, weights_path: Path) -> tuple[str, dict[str, Any]]:
    known = trust(load_weights(weights_path))
    html = record_page(labelled, summary(labelled, known, None, ()), known, None, [], found)
    return html, json.loads(re.search(r"^<script>const data = (.*);$", html, re.MULTILINE)[1])  # type: ignore[index]


def test_another_lead_is_coded_as_the_labelled_one_is(others: Others, recording: Recording) -> None:
    labelled, found = others({"V5": -recording.millivolts(0)})
    (name, strip), main = *found.strips.items(), make_strip(labelled)
    assert name == "V5"
    assert (strip.fs, strip.whole, found.whole, found.left_out) == (main.fs, True, True, {})
    assert strip.stretches.tolist() == main.stretches.tolist()
    (there,), (here,) = (decode(base64.b64decode(one.code), one.stretches) for one in (strip, main))
    np.testing.assert_allclose(there * STEP_MV, -here * STEP_MV, atol=2 * STEP_MV)


def test_a_lead_keeps_its_own_gaps_and_one_without_signal_is_left_out(others: Others, recording: Recording) -> None:
    holed = recording.millivolts(1).copy()
    holed[7200:9000] = np.nan
    n = len(holed)
    labelled, found = others({"V5": holed, "V1": np.full(n, np.nan), "V2": np.full(n, 0.5)})
    (first, count), (second, _) = found.strips["V5"].stretches.tolist()
    assert (first, count, second) == (0, 2500, 3125)
    assert found.gaps_s == {"V5": [[20.0, 25.0]]}
    assert list(make_strip(labelled).stretches[:, 0]) == [0]
    assert found.left_out["V2"] == "it is constant"
    assert found.left_out["V1"].startswith("lead V1 holds no signal")


def test_leads_share_what_a_page_has_room_for(others: Others, recording: Recording) -> None:
    further = {name: recording.millivolts(1) for name in ("V1", "V2", "V5")}
    labelled, found = others(further, most=9000)
    assert not found.whole
    for strip in found.strips.values():
        assert 0 < strip.stretches[:, 1].sum() <= 3000
        assert strip.stretches.tolist() == found.strips["V1"].stretches.tolist()
    assert make_strip(labelled).whole


def test_leads_beyond_the_limits_are_named_with_the_reason(
    others: Others, recording: Recording, weights_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leads, "MOST_LEADS", 2)
    labelled, found = others({name: recording.millivolts(1) for name in ("V1", "V2", "V3", "V4")})
    assert list(found.strips) == ["V1", "V2"]
    html, _ = page(labelled, found, weights_path)
    assert "Not in this page: leads <bdi>V3, V4</bdi>: <bdi>a page holds 2 other leads</bdi>." in html
    monkeypatch.setattr(leads, "MOST_READ_ELSE", recording.n_samples)
    _, found = others({name: recording.millivolts(1) for name in ("V1", "V2")})
    assert found.left_out == {"V2": "the recording is long, and reading it takes too long"}


def test_a_lead_of_another_length_may_be_of_another_time(
    others: Others, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(source: Any, asked: Asked) -> Any:
        own = read_own(source, asked)
        return replace(own, recording=replace(own.recording, digital=own.recording.digital[:, :9000]))

    monkeypatch.setattr(leads, "read_own", cut)
    _, found = others({"V1": recording.millivolts(1)})
    assert found.left_out == {"V1": "it lasts 25.0 s and may be of another time"}


def test_one_lead_has_no_control_and_odd_names_stay_text(
    others: Others, recording: Recording, weights_path: Path
) -> None:
    html, data = page(*others({}), weights_path)
    assert 'id="leads"' not in html
    assert data["leads"] == []
    html, data = page(*others({ODD: recording.millivolts(1), f"{ODD}2": np.zeros(recording.n_samples)}), weights_path)
    assert 'id="leads"' in html
    assert [lead["name"] for lead in data["leads"]] == [ODD]
    assert "<!--" not in html
    assert html.count("<script>") == 2
