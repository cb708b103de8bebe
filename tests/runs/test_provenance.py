"""A run knows where it comes from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ecg
from ecg.runs import provenance as module
from ecg.runs.provenance import code_state, git_state, other_code, provenance


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository with one committed file."""
    (tmp_path / "file").write_text("1")
    for words in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that stands for ecg, outside of git."""
    home = tmp_path / "site" / "ecg"
    (home / "room").mkdir(parents=True)
    (home / "__init__.py").write_text("")
    (home / "room" / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(ecg, "__file__", str(home / "__init__.py"))
    code_state.cache_clear()
    yield home
    code_state.cache_clear()


def now() -> dict[str, Any]:
    """The code's state, looked at anew."""
    code_state.cache_clear()
    return json.loads(json.dumps(code_state()))


def test_a_clean_checkout_names_its_commit(checkout: Path) -> None:
    state = git_state(checkout)
    assert len(str(state["commit"])) == 40
    assert state["dirty"] is False


def test_a_changed_file_makes_the_checkout_dirty_but_a_new_one_does_not(checkout: Path) -> None:
    (checkout / "new").write_text("1")
    assert git_state(checkout)["dirty"] is False
    (checkout / "file").write_text("2")
    assert git_state(checkout)["dirty"] is True


def test_outside_git_nothing_is_claimed(tmp_path: Path) -> None:
    assert git_state(tmp_path) == {"commit": None, "dirty": None}


def test_without_a_git_program_nothing_is_claimed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_state(checkout) == {"commit": None, "dirty": None}


def test_the_code_is_known_by_its_files_where_there_is_no_git(package: Path) -> None:
    before = now()
    assert before["git"] == {"commit": None, "dirty": None}
    assert now() == before
    (package / "room" / "__pycache__").mkdir()
    (package / "room" / "notes.txt").write_text("no code")
    assert now()["code"] == before["code"]
    (package / "room" / "a.py").rename(package / "room" / "b.py")
    assert now()["code"] != before["code"]


def test_code_is_the_same_or_is_said_to_be_another(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = now()
    assert other_code(made) == ""
    (package / "room" / "a.py").write_text("a = 2\n")
    code_state.cache_clear()
    assert other_code(made) == "made by another version of ecg"
    monkeypatch.setattr(module, "git_state", lambda folder: {"commit": "b" * 40, "dirty": True})
    code_state.cache_clear()
    assert other_code(made) == f"made by commit unknown, now it is {'b' * 10}"
    made["git"] = {"commit": "a" * 40, "dirty": False}
    assert other_code(made) == f"made by commit {'a' * 10}, now it is {'b' * 10}"
    made["git"] = {"commit": "b" * 40, "dirty": False}
    assert other_code(made) == "made by other code of the same commit"
    assert other_code(now()) == ""


@pytest.mark.parametrize("git", [None, [1], "x", {}, {"commit": None}, {"commit": [1]}])
def test_a_damaged_note_of_the_code_is_another_code(git: object) -> None:
    assert other_code({"git": git, "code": 5}).startswith("made by ")


def test_provenance_is_plain_json_with_all_that_is_needed_to_repeat_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py", "seed=3", "model=\x1b[31mcnn"])
    told = {"wandb_id": "id1", "wandb": {"WANDB_PROJECT": "hearts"}}
    given = {"seed": 3, "fingerprint": "abc", "precision": "32-true", "threads": 2, "settings": ["seed=3"]}
    facts = json.loads(json.dumps(provenance(**given, wandb=told)))
    assert (facts["seed"], facts["data_fingerprint"], facts["settings"]) == (3, "abc", ["seed=3"])
    assert (facts["precision"], facts["threads"]) == ("32-true", 2)
    assert (facts["wandb_id"], facts["wandb"]) == ("id1", {"WANDB_PROJECT": "hearts"})
    assert facts["command"] == ["train.py", "seed=3", "model=cnn"]
    assert (facts["ecg"], len(facts["code"])) == (ecg.__version__, 16)
    assert {"torch", "pytorch-lightning", "numpy", "wfdb"} <= set(facts["versions"])
    assert {"commit", "dirty"} == set(facts["git"])
    assert facts["host"]["cores"] >= 1
    assert facts["started"].endswith("+00:00")
    assert other_code(facts) == ""
