"""The run folder: not two runs in one, strict JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError
from ecg.runs.folder import RunFolder, read_json, write_json


def test_a_fresh_folder_is_fine(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "b")
    folder.check(resume=False)
    folder.make()
    assert folder.checkpoints.is_dir()
    assert folder.report.is_dir()


def test_a_folder_that_holds_a_run_is_refused_with_the_ways_on(run_folder: RunFolder) -> None:
    run_folder.config.write_text("seed: 0")
    with pytest.raises(EcgError, match=f"{run_folder.path}.*resume={run_folder.path}.*output_dir="):
        run_folder.check(resume=False)


def test_an_unfinished_run_can_be_resumed_and_a_finished_one_cannot(run_folder: RunFolder) -> None:
    run_folder.config.write_text("seed: 0")
    run_folder.check(resume=True)
    run_folder.metrics.write_text("{}")
    with pytest.raises(EcgError, match=r"finished.*metrics\.json"):
        run_folder.check(resume=True)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EcgError, match=r"file/run.*output_dir="):
        RunFolder(tmp_path / "file" / "run").make()


def test_json_is_strict_and_numbers_that_are_none_become_null(tmp_path: Path) -> None:
    content = {"nan": float("nan"), "deep": [{"inf": float("inf")}, (np.float64("nan"), 1.5)], "ok": 1}
    write_json(tmp_path / "a.json", content)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    read = json.loads((tmp_path / "a.json").read_text(), parse_constant=refuse)
    assert read == {"nan": None, "deep": [{"inf": None}, [None, 1.5]], "ok": 1}
    assert read_json(tmp_path / "a.json") == read


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        write_json(path, {"new": object()})
    assert read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


DEEP = "[" * 10_000 + "]" * 10_000


@pytest.mark.parametrize(
    "content",
    [None, b"", b'{"half": ', b"[1]", b'"text"', b"3", b"null", b"true", b"\x89PNG\xff\xfe", DEEP.encode()],
)
def test_a_missing_or_damaged_file_is_named_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(EcgError, match=r"a\.json(:| is damaged)") as caught:
        read_json(tmp_path / "a.json")
    assert str(caught.value).isprintable()


def test_json_that_holds_something_else_says_what(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(EcgError, match=r"a\.json is damaged: it holds a list, not names and values"):
        read_json(tmp_path / "a.json")


STEERING = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;other title\x07",
    "bell, backspace and C1": "a\x07\x08\x9b31mb",
    "other direction": "\u202egnp.exe",
    "half a character": "\ud800x",
}


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
def test_what_would_steer_a_terminal_does_not_come_through(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"key": [text, {text: text}], "same": "ä\tb\nc ₂ 心"}))
    read = read_json(tmp_path / "a.json")
    ((first, inner), same) = read["key"], read["same"]
    for found in (first, *inner, *inner.values()):
        assert found.isprintable()
        found.encode()
    assert same == "ä\tb\nc ₂ 心"
