"""A run knows where it comes from."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import ecg
from ecg.training.provenance import git_state, provenance


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository with one committed file."""
    (tmp_path / "file").write_text("1")
    for words in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=tmp_path, check=True)
    return tmp_path


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


def test_provenance_is_plain_json_with_all_that_is_needed_to_repeat_a_run() -> None:
    facts = json.loads(json.dumps(provenance(seed=3, fingerprint="abc", precision="32-true", wandb_id="id1")))
    assert (facts["seed"], facts["data_fingerprint"]) == (3, "abc")
    assert (facts["precision"], facts["wandb_id"]) == ("32-true", "id1")
    assert facts["ecg"] == ecg.__version__
    assert {"torch", "pytorch-lightning", "numpy", "wfdb"} <= set(facts["versions"])
    assert {"commit", "dirty"} == set(facts["git"])
    assert facts["host"]["cores"] >= 1
    assert facts["started"].endswith("+00:00")
