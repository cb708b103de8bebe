"""The table at the end of a sweep."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from ecg.compare import job_table

from .conftest import fake_run


def _shown(folder: Path, **more: object) -> str:
    console = Console(width=80, record=True, file=io.StringIO(), color_system=None)
    console.print(job_table(folder, **more))  # type: ignore[arg-type]
    return console.export_text()


def _row(shown: str, number: int) -> str:
    (row,) = [line for line in shown.splitlines() if line.split()[:1] == [str(number)]]
    return " ".join(row.split())


def test_a_row_for_each_job_with_its_state_and_numbers(sweep: Path) -> None:
    fake_run(sweep / "30_try", metrics={"limit_batches": 1, "test/macro_f1": 0.1234})
    shown = _shown(sweep, skipped={"0_mi-cnn"})
    assert "trainable_layers=1" in _row(shown, 0)
    assert "5,125,125" in _row(shown, 4)
    assert "11.1 s" in _row(shown, 0)
    assert "skipped" in _row(shown, 0)
    assert "finished" in _row(shown, 1)
    assert "failed - - - -" in _row(shown, 20)
    assert "job 20 failed: CUDA is not here" in shown
    assert "job 21 unfinished: 2 whole epochs, no results" in shown
    assert "job 30 no result: limit_batches=1" in shown
    assert "12.34" in _row(shown, 30)
    assert "Traceback" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_settings_that_all_jobs_share_are_not_repeated(sweep: Path) -> None:
    assert "dataset=mi" not in _shown(sweep)


def test_a_sweep_without_jobs_says_so(tmp_path: Path) -> None:
    assert "no job has begun" in _shown(tmp_path)


def test_it_needs_neither_torch_nor_matplotlib_nor_pandas(sweep: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ecg.compare import find_runs, job_table; "
        f"job_table(Path({str(sweep)!r})); "
        "print({'torch', 'matplotlib', 'pandas', 'wandb'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (found.stdout.strip(), found.stderr) == ("set()", "")
