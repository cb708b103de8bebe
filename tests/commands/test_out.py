"""Where results cannot be written is said before the work, not after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

COMMANDS = {
    "explain": ("explain", "run", "--beats", 100),
    "compare": ("compare", "runs"),
    "predict": ("predict", "--sample"),
    "kaggle-csv": ("kaggle-csv",),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_no_folder_for_results(
    name: str, below: str, command: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worked(*_: object, **__: object) -> None:
        raise AssertionError("it began")

    for work in ("explain.pipeline.load_subject", "compare.pipeline.compare", "data.published_rows.downloaded"):
        monkeypatch.setattr(f"ecg.{work}", worked)
    monkeypatch.setattr("ecg.predict.pipeline.read_own", worked)
    taken = tmp_path / "taken"
    taken.write_text("mine")
    said = command(*COMMANDS[name], "--out", taken / below, code=1)
    assert said.splitlines()[-1] == f"error: {taken} is a file; choose another --out"
    assert taken.read_text() == "mine"
