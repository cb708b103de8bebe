"""Many files in one call: what was found and skipped is said, and no file stops the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ecg.predict import pipeline
from ecg.recordings.formats import Asked, Input, OwnRecording, read_own, recording
from ecg.recordings.recording import Recording

from .conftest import write_csv, write_edf

Command = Callable[..., str]


@pytest.fixture
def words(weights_path: Path, tmp_path: Path) -> tuple[object, ...]:
    return ("--weights", weights_path, "--out", tmp_path / "out", "--rpeaks", "sleepecg")


def test_what_was_found_labelled_and_skipped_is_said(
    command: Command, folder: Path, recording: Recording, tmp_path: Path, words: tuple[object, ...]
) -> None:
    inputs = Path(shutil.copytree(folder, tmp_path / "in" / "deep")).parent
    write_edf(inputs / "no_ending", recording)
    (inputs / "patients.csv").write_text("name,age\nX,60\n")
    (inputs / "scan.edf").write_bytes(b"%PDF-1.7")
    said = command("predict", inputs, *words)
    assert "found: 3 recordings\n" in said
    assert "skipped: 2 files: " in said
    assert "patients.csv: holds no table of numbers" in said
    assert "scan.edf: holds a PDF" in said
    assert "labelled: 3 of 3 recordings\n" in said
    assert "note: The file holds EDF and is read so, though its name has no ending." in said
    again = command("predict", tmp_path / "out", "--weights", words[1], "--out", tmp_path / "again", code=1)
    assert "has no recordings" in again  # results are none


def test_records_of_one_name_in_several_folders(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...]
) -> None:
    for sub in ("sub1", "sub2"):
        shutil.copytree(folder, tmp_path / "in" / sub, ignore=shutil.ignore_patterns("sim000*"))
    command("predict", tmp_path / "in", *words)
    table = pd.read_csv(tmp_path / "out" / "records.csv")
    assert table["record"].tolist() == ["sub1_sim001", "sub2_sim001"]
    content = json.loads((tmp_path / "out" / "sub2_sim001.json").read_text())
    assert content["file"] == str(tmp_path / "in" / "sub2" / "sim001.hea")
    assert content["scores"] is not None


def test_named_files_that_are_none_do_not_stop_the_others(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...]
) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7")
    said = command("predict", tmp_path / "scan.pdf", folder / "sim001", tmp_path / "typo.csv", *words, code=1)
    assert "labelled: 1 of 3 recordings, 2 failed" in said
    assert f"error: {tmp_path / 'scan.pdf'}: holds a PDF, no recording" in said
    assert f"error: {tmp_path / 'typo.csv'} does not exist" in said
    assert (tmp_path / "out" / "sim001.json").exists()


def test_an_odd_reference_does_not_stop_the_labelling(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...]
) -> None:
    shutil.copytree(folder, tmp_path / "in")
    (tmp_path / "in" / "sim001.atr").write_bytes(b"odd")
    said = command("predict", tmp_path / "in" / "sim001", *words)
    assert "note: The reference annotations are not used: " in said
    assert "sim001.atr: damaged" in said


@pytest.mark.parametrize("where", ["reader", "labels"])
def test_whatever_goes_wrong_with_a_file_the_others_are_labelled(
    command: Command, recording: Recording, tmp_path: Path, words: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch, where: str,
) -> None:  # fmt: skip
    def stumble(source: Input, asked: Asked) -> OwnRecording:
        raise IndexError("list index out of range")

    bad, good = write_csv(tmp_path / "bad.csv", recording), write_edf(tmp_path / "good.edf", recording)
    if where == "reader":
        monkeypatch.setitem(_readers(), "csv", stumble)
    else:
        monkeypatch.setattr(
            pipeline, "read_own", lambda one, asked: (stumble if one.path == bad else read_own)(one, asked)
        )
    said = command("predict", bad, good, *words, code=1)
    assert "labelled: 1 of 2 recordings, 1 failed" in said
    assert f"error: {bad}: " in said
    assert "list index out of range" in said


def _readers() -> dict[str, Callable[[Input, Asked], OwnRecording]]:
    return recording._READERS


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, read = Path(shutil.copytree(folder, tmp_path / "in")), []

    def once(one: Input, asked: Asked) -> OwnRecording:
        if read:
            raise KeyboardInterrupt
        read.append(one.record)
        return read_own(one, asked)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "read_own", once)
        said = command("predict", inputs, *words, code=1)
    assert "labelled: 1 of 2 recordings\n" in said
    assert "the same command with --resume goes on" in said
    first = tmp_path / "out" / f"{read[0]}.json"
    kept = first.read_bytes()
    assert not list((tmp_path / "out").glob(".*"))  # nothing half written
    assert "exists; choose another --out" in command("predict", inputs, *words, code=1)
    monkeypatch.setattr(pipeline, "read_own", lambda one, asked: read.append(one.record) or read_own(one, asked))
    said = command("predict", inputs, *words, "--resume")
    assert "labelled: 2 of 2 recordings\n" in said
    assert len(read) == len(set(read)) == 2
    assert first.read_bytes() == kept
    assert len(pd.read_csv(tmp_path / "out" / "records.csv")) == 2


def test_ctrl_c_before_the_first_is_done_says_so(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> OwnRecording:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "read_own", stop)
    assert "stopped; no recording was finished yet; the same command begins again\n" in command(
        "predict", folder, *words, code=130
    )
    assert not list((tmp_path / "out").iterdir())


def test_ctrl_c_while_files_are_moved_leaves_all_of_them(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, move = [], Path.replace

    def once(path: Path, target: Path) -> Path:
        moved.append(path.suffix)
        if len(moved) == 2:
            raise KeyboardInterrupt
        return move(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", once)
        command("predict", folder / "sim001", *words, code=130)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"sim001.{ending}" for ending in ("csv", "ecg", "html", "json")
    ]


def test_what_other_weights_have_labelled_is_not_kept(
    command: Command, folder: Path, tmp_path: Path, words: tuple[object, ...]
) -> None:
    command("predict", folder / "sim001", *words)
    summary = tmp_path / "out" / "sim001.json"
    content = json.loads(summary.read_text())
    content["weights"]["sha256"] = "another"
    summary.write_text(json.dumps(content))
    assert "exists; choose another --out" in command("predict", folder / "sim001", *words, "--resume", code=1)
