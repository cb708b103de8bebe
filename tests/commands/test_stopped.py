"""Ctrl-C: one line that says what is kept, and 130 as shells give it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

STOPPED = {
    "ecg.recordings.download.download": (("download", "mitdb"), "what was fetched is kept, and the same command goes"),
    "ecg.predict.pipeline.predict": (("predict", "--sample"), "no recording was finished yet; the same command"),
    "ecg.explain.explain": (("explain", "run"), "no file is half written; the same command begins again"),
    "ecg.evaluate.evaluate": (("evaluate", "run"), "no file is half written; the same command begins again"),
    "ecg.compare.pipeline.compare_runs": (("compare", "runs"), "no file is half written; the same command begins"),
}


@pytest.mark.parametrize("work", STOPPED)
def test_a_command_that_is_stopped_says_what_is_kept(
    work: str, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(work, stopped)
    words, kept = STOPPED[work]
    said = command(*words, code=130)
    assert said.splitlines()[-1].startswith(f"stopped; {kept}")
    assert "Traceback" not in said
