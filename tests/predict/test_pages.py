"""What comes from files and their names is text on a recording's page and on the overview, never markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ecg.predict.labelled import label_beats
from ecg.predict.page import record_page
from ecg.predict.summary import summary
from ecg.predict.trust import trust
from ecg.recordings.formats import OwnRecording
from ecg.recordings.recording import Recording
from ecg.runs.weights import load_weights

from .conftest import LEADS, info, write_csv, write_weights

Command = Callable[..., str]
BAD = "<script>alert(1)<!--"
LEAD = "</script><b>V5"


@pytest.fixture
def weights_path(recording: Recording, tmp_path: Path) -> Path:
    """Weights whose leads, classes and split try to be markup."""
    described = replace(info((BAD, f"{BAD}2"), "mi"), leads=(LEAD, *LEADS), notes=(BAD,), split=BAD)
    return write_weights(tmp_path / "weights.safetensors", described, recording)


@pytest.fixture
def pages(command: Command, recording: Recording, weights_path: Path, tmp_path: Path) -> Path:
    """Pages of a recording, and the overview of it and of a file that cannot be read."""
    good = write_csv(tmp_path / "good.csv", recording)
    good.write_text(good.read_text().replace("V5", LEAD, 1))
    bad = tmp_path / f"{BAD}.csv"
    bad.write_text("nothing\n")
    out = tmp_path / "out"
    command("predict", good, bad, "--weights", weights_path, "--out", out, "--lead", LEAD, code=1)
    return out


@pytest.mark.parametrize(("name", "scripts"), [("good.html", 2), ("index.html", 1)])
def test_nothing_from_files_becomes_markup(pages: Path, name: str, scripts: int) -> None:
    html = (pages / name).read_text()
    assert html.count("<script>") == html.count("</script>") == scripts  # the page's own
    assert "<!--" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;!--") >= 4


def test_a_records_name_its_notes_and_files_are_text(own: OwnRecording, weights_path: Path) -> None:
    named = replace(own, recording=replace(own.recording, record=f"{BAD}record"))
    known = trust(load_weights(weights_path))
    labelled = label_beats(named, known.weights)
    html = record_page(labelled, summary(labelled, known, None, (f"{BAD}note",)), known, None, [f"{BAD}file"])
    assert "<!--" not in html
    for word in ("record", "note", "file"):
        assert f"&lt;script&gt;alert(1)&lt;!--{word}" in html


def test_the_script_gets_names_as_they_are(pages: Path) -> None:
    html = (pages / "good.html").read_text()
    data = json.loads(re.search(r"^<script>const data = (.*);$", html, re.MULTILINE)[1])  # type: ignore[index]
    assert data["classes"] == [BAD, f"{BAD}2", "-"]
    assert data["lead"] == LEAD


def test_the_overview_leads_to_each_page_and_is_sorted_by_numbers(pages: Path) -> None:
    html = (pages / "index.html").read_text()
    assert '<td data-by="good"><a href="good.html">good</a></td>' in html
    table = pd.read_csv(pages / "records.csv")
    assert f'<td data-by="{table["seconds"][0]}">1 min 00 s</td>' in html
    assert html.count('<th><button type="button">') == 9
    assert re.search(r'<a href="good.html#t=[\d.]+"><svg ', html)
    assert html.index("Not labelled") < html.index("Recordings")


def test_a_page_begins_with_what_a_reader_came_for(own: OwnRecording, weights_path: Path) -> None:
    known = trust(load_weights(weights_path))
    labelled = label_beats(own, known.weights)
    said = summary(labelled, known, None, ())
    fibrillation = {"stretches_s": [[2.0, 33.5]], "share_of_time": 0.525}
    html = record_page(labelled, said | {"atrial_fibrillation": fibrillation}, known, None, [])
    top = html[: html.index("<h2>Strip")]
    assert f"<strong>{said['beats']['labelled']}</strong>" in top
    assert f"<strong>{said['heart_rate']['mean']:.0f} /min</strong>" in top
    assert "<strong>52.5 %</strong>" in top
    assert "1 stretch</div>" in top
    data = json.loads(re.search(r"^<script>const data = (.*);$", html, re.MULTILINE)[1])  # type: ignore[index]
    assert data["atrial"] == [[2.0, 33.5]]
    assert "atrial" not in record_page(labelled, said, known, None, [])[: html.index("<h2>Strip")]
