"""The notebooks of the documentation run from their first cell to their last."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    book = nbformat.read(FOLDER / name, as_version=4)
    nbclient.NotebookClient(book, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in (one for one in book.cells if one.cell_type == "code"):
        said = "".join(output.get("text", "") for output in cell.outputs)
        assert "error:" not in said.lower(), said  # of a command behind `!`, whose failure is no exception
    assert any(cell.outputs for cell in book.cells if cell.cell_type == "code")


def test_there_are_four() -> None:
    assert NAMES == ["first_steps.ipynb", "label_a_file.ipynb", "own_model.ipynb", "transfer.ipynb"]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_keeps_the_outputs_of_its_last_run(name: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    code = [one for one in nbformat.read(FOLDER / name, as_version=4).cells if one.cell_type == "code"]
    assert [one.execution_count for one in code] == list(range(1, len(code) + 1))
