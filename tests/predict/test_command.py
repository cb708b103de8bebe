"""`ecg predict` and `ecg score` as a person runs them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import wfdb
from safetensors.torch import save_file

from ecg.predict.labelled import label_beats
from ecg.predict.trust import NO_DIAGNOSIS
from ecg.recordings.formats import OwnRecording
from ecg.recordings.recording import Recording
from ecg.runs.weights import Weights

from .conftest import LEADS, info, write_csv, write_edf, write_weights

Command = Callable[..., str]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_one_record_gives_four_files_that_agree(
    command: Command, folder: Path, weights_path: Path, weights: Weights, own: OwnRecording, out: Path
) -> None:
    said = command("predict", folder / "sim001", "--weights", weights_path, "--out", out)
    assert NO_DIAGNOSIS in said
    assert "split patients of SIMULATED arrhythmia" in said
    assert "R peaks without a label: 1 (no beat after it)" in said
    assert sorted(path.name for path in out.iterdir()) == ["sim001.csv", "sim001.ecg", "sim001.html", "sim001.json"]
    expected = label_beats(own, weights)
    table = pd.read_csv(out / "sim001.csv", keep_default_na=False, na_values=[""])
    assert list(table.columns) == ["time_s", "sample", "rr_s", "label", "confidence", *(f"p_{c}" for c in "NSVFQ")]
    assert table["sample"].tolist() == expected.sample.tolist()
    assert table["label"].tolist() == expected.names.tolist()
    np.testing.assert_allclose(table.filter(like="p_").to_numpy(), expected.probability, atol=1e-4)
    written = wfdb.rdann(str(out / "sim001"), "ecg")
    assert written.fs == 360
    assert written.sample.tolist() == expected.sample.tolist()
    symbol = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q", "-": "?"}
    assert written.symbol == [symbol[name] for name in expected.names]
    content = json.loads((out / "sim001.json").read_text())
    assert content["beats"]["counts"] == {name: expected.count(name) for name in "NSVFQ"}
    assert content["no_diagnosis"] == NO_DIAGNOSIS
    assert content["simulated"] is True
    assert content["weights"]["split"] == "patients"
    assert len(content["weights"]["sha256"]) == 64
    assert content["scores"]["r_peaks/gross/se"] > 0.9
    assert content["heart_rate"]["lowest"] <= content["heart_rate"]["mean"] <= content["heart_rate"]["highest"]


def test_the_page_makes_no_request_and_says_what_it_must(
    command: Command, folder: Path, weights_path: Path, out: Path
) -> None:
    command("predict", folder / "sim001", "--weights", weights_path, "--out", out)
    html = (out / "sim001.html").read_text()
    assert not re.findall(r"(?:src|href)=[\"'](?!#|data:)[^\"']*", html)
    assert not re.findall(r"https?://", html)
    assert "default-src 'none'" in html
    assert NO_DIAGNOSIS in html
    assert "SIMULATED" in html
    assert "measured on split patients" in html
    data = json.loads(re.search(r"^<script>const data = (.*);$", html, re.MULTILINE)[1])  # type: ignore[index]
    assert data["classes"] == ["N", "S", "V", "F", "Q", "-"]
    assert data["reference"]["kinds"]


def test_a_folder_gives_an_overview_and_one_bad_record_does_not_stop_the_rest(
    command: Command, folder: Path, weights_path: Path, tmp_path: Path, out: Path
) -> None:
    inputs = Path(shutil.copytree(folder, tmp_path / "in"))
    (inputs / "sim000.dat").write_text("text\n" * 100_000)
    said = command("predict", inputs, "--weights", weights_path, "--out", out, code=1)
    assert "[1/2] sim000: failed" in said
    assert "[2/2] sim001: lead MLII" in said
    assert re.search(r"^error: .*sim000\.dat: holds text, not samples$", said, re.MULTILINE)
    table = pd.read_csv(out / "records.csv")
    assert table["record"].tolist() == ["sim000", "sim001"]
    assert "holds text" in table["error"][0]
    assert "sim001.html" in (out / "index.html").read_text()
    assert not (out / "sim000.json").exists()


def test_results_are_not_replaced_without_force(command: Command, folder: Path, weights_path: Path, out: Path) -> None:
    words = ("predict", folder / "sim001", "--weights", weights_path, "--out", out)
    command(*words)
    before = (out / "sim001.json").stat().st_mtime_ns
    assert "sim001.csv exists; choose another --out, or replace results with --force" in command(*words, code=1)
    assert (out / "sim001.json").stat().st_mtime_ns == before
    command(*words, "--force")
    assert (out / "sim001.json").stat().st_mtime_ns > before


def test_a_recording_is_never_replaced_by_its_results(
    command: Command, recording: Recording, weights_path: Path, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "mine.csv", recording)
    before = path.read_bytes()
    said = command("predict", path, "--weights", weights_path, "--out", tmp_path, "--force", code=1)
    assert "mine.csv would replace the recording it is made from" in said
    assert path.read_bytes() == before


def test_bad_input_is_one_line(
    command: Command, folder: Path, recording: Recording, weights_path: Path, tmp_path: Path, out: Path
) -> None:
    np.save(tmp_path / "bare.npy", recording.millivolts(0))
    np.save(tmp_path / "flat.npy", np.full(4000, 1.5))
    write_edf(tmp_path / "mine.edf", recording)
    (tmp_path / "mine.doc").touch()
    (tmp_path / "text.dat").write_text("text")
    (tmp_path / "cut.safetensors").write_bytes(weights_path.read_bytes()[:5000])
    (tmp_path / "file").touch()
    save_file({"w": torch.zeros(1)}, tmp_path / "old.safetensors", {"format": "ecg-weights-0"})
    sim = folder / "sim001"
    for words, expected in (
        ((sim, "--lead", "V9"), "no lead 'V9'; it has MLII, V5"),
        ((tmp_path / "bare.npy",), "the sampling rate is missing; give it in Hz, e.g. --fs 360"),
        ((tmp_path / "bare.npy", "--fs", "-3"), "--fs -3: must be a sampling rate"),
        ((tmp_path / "flat.npy", "--fs", "360"), "is constant over its 11.1 s"),
        ((tmp_path / "mine.edf", "--unit", "pounds"), "--unit pounds: choose one of mV, uV, V, ADU"),
        ((tmp_path / "mine.doc",), ".doc is not read here; known are .hea"),
        ((tmp_path / "text.dat",), "needs its header"),
        ((tmp_path / "nothing",), "does not exist"),
        ((sim, tmp_path / "bare.npy", "--weights", tmp_path / "cut.safetensors"), "cut off or no safetensors file"),
        ((sim, "--weights", tmp_path / "old.safetensors"), "holds ecg-weights-0 in its metadata, this version"),
        ((sim, "--weights", tmp_path), "has no weights.safetensors: it is no run folder"),
        ((sim, "--out", tmp_path / "file"), "is a file; choose another --out"),
    ):
        given = ["predict", *words]
        given += [] if "--weights" in words else ["--weights", weights_path]
        given += [] if "--out" in words else ["--out", out]
        said = command(*given, code=1)
        assert expected in said, said
        assert len(re.findall(r"^error: ", said, re.MULTILINE)) == 1
    assert not list(out.glob("*")) if out.exists() else True


def test_a_gap_is_stated(command: Command, recording: Recording, weights_path: Path, tmp_path: Path, out: Path) -> None:
    lead = recording.millivolts(0).copy()
    lead[7200:9000] = np.nan
    said = command("predict", write_csv(tmp_path / "x.csv", recording, lead), "--weights", weights_path, "--out", out)
    assert "1 gap in the signal, 5.0 s in all" in said
    content = json.loads((out / "x.json").read_text())
    assert content["signal"]["gaps_s"] == [[20.0, 25.0]]
    assert content["beats"]["not_labelled"]["invalid samples"] >= 2
    assert content["scores"] is None


def test_labels_about_the_person_give_a_mean_for_the_recording(
    command: Command, folder: Path, recording: Recording, tmp_path: Path, out: Path
) -> None:
    path = write_weights(tmp_path / "mi.safetensors", info(("normal", "MI"), "mi"), recording)
    said = command("predict", folder / "sim001", "--weights", path, "--out", out)
    assert "mean probability over all beats: normal" in said
    content = json.loads((out / "sim001.json").read_text())
    assert sum(content["whole_record"].values()) == pytest.approx(1, abs=1e-5)
    written = wfdb.rdann(str(out / "sim001"), "ecg")
    assert set(written.symbol) == {"Q", "?"}
    assert {note.strip("\x00") for note in written.aux_note} <= {"normal", "MI", ""}
    assert not [key for key in content["scores"] if not key.startswith("r_peaks")]


def test_scores_of_files_equal_those_of_the_prediction(
    command: Command, folder: Path, weights_path: Path, out: Path
) -> None:
    command("predict", folder, "--weights", weights_path, "--out", out)
    said = command("score", out, "--data-dir", folder)
    assert "2 records" in said
    table = pd.read_csv(out / "scores.csv", index_col="record")
    assert list(table.index) == ["sim000", "sim001", "all"]
    content = json.loads((out / "sim001.json").read_text())["scores"]
    for key, value in content.items():
        assert table.loc["sim001", key] == pytest.approx(value, abs=1e-5), key
    assert "error: record sim001: no sim001.atr in" in command("score", out / "sim001", code=1)
    assert "no annotation files of 'xyz'" in command("score", out, "--test", "xyz", code=1)
    assert "letters only" in command("score", out, "--test", "x1", code=1)


def test_a_reference_scored_against_itself_is_perfect(command: Command, folder: Path, tmp_path: Path) -> None:
    command("score", folder / "sim001", "--test", "atr", "--out", tmp_path / "s.csv")
    row = pd.read_csv(tmp_path / "s.csv").iloc[0]
    assert row["r_peaks/gross/se"] == row["r_peaks/gross/ppv"] == 1
    assert all(
        row[key] == 1 for key in row.index if re.fullmatch(r"beats/./(se|ppv|f1)", key) and not pd.isna(row[key])
    )


def test_the_leads_of_the_weights_come_first(
    command: Command, recording: Recording, weights_path: Path, tmp_path: Path, out: Path
) -> None:
    path = write_edf(tmp_path / "x.edf", recording, labels=("ECG V1", "ECG V5"))
    said = command("predict", path, "--weights", weights_path, "--out", out)
    assert "lead ECG V5" in said
    assert LEADS[1] == "V5"
