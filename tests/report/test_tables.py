import io
import math

import pytest
from rich.console import Console

from ecg.report.style import Context
from ecg.report.tables import class_table, class_table_markdown

from .conftest import AAMI


def _metrics(classes: list[str], value: float = 0.9731) -> dict[str, float]:
    keys = ["accuracy", "balanced_accuracy", "macro_f1", "auroc", "ece", "jk"]
    keys += [f"{name}/{key}" for name in classes for key in ("se", "ppv", "f1", "fpr")]
    return {f"test/{key}": value for key in keys} | {f"test/{name}/support": 109446.0 for name in classes}


def _shown(*args: object, **more: object) -> str:
    console = Console(width=80, record=True, file=io.StringIO(), color_system=None)
    console.print(class_table(*args, **more))  # type: ignore[arg-type]
    return console.export_text()


def test_numbers_are_percent_with_two_decimals_and_intervals_below(context: Context) -> None:
    metrics = _metrics(AAMI) | {"test/S/se": 0.12346, "test/accuracy": 0.98123}
    shown = _shown(metrics, AAMI, {"test/S/se": (0.1, 0.25), "test/accuracy": (0.97, 0.9912)}, context)
    lines = [line.split() for line in shown.splitlines()]
    assert ["S", "12.35", "97.31", "97.31", "97.31", "109,446"] in lines
    assert ["10.00-25.00"] in lines
    assert ["accuracy", "98.12", "97.00-99.12"] in lines
    assert "jκ index" in shown
    assert context.title in shown
    assert context.footnote in shown


@pytest.mark.parametrize("classes", [AAMI, ["normal", "MI"], ["a class with a very long name", "x[bold]y"]])
def test_no_line_is_over_80_columns_and_no_number_is_segmentation(classes: list[str]) -> None:
    metrics = _metrics(classes, 1.0)
    words = Context("a title that goes on and on " * 6, "a footnote " * 20, simulated=True)
    shown = _shown(metrics, classes, dict.fromkeys(metrics, (1.0, 1.0)), words)
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("100.00-100.00") == 6 + 4 * len(classes)
    assert shown.count("109,446") == len(classes)
    assert "…" not in shown
    assert shown.lstrip().startswith("SIMULATED")
    assert ("x[bold]y" in shown) == ("x[bold]y" in classes)


def test_missing_and_nan_are_dashes_and_absent_headlines_are_left_out(context: Context) -> None:
    shown = _shown({"test/accuracy": math.nan, "test/N/se": 0.5}, ["N"], {"test/N/se": (math.nan, 1.0)}, context)
    lines = [line.split() for line in shown.splitlines()]
    assert ["accuracy", "-"] in lines
    assert ["N", "50.00", "-", "-", "-", "-"] in lines
    assert "jκ" not in shown
    assert "nan" not in shown


def test_caption_names_split_and_source(context: Context) -> None:
    metrics = {**_metrics(AAMI), "split": "kaggle", "source": "physionet"}
    assert "split: kaggle; source: physionet" in _shown(metrics, AAMI, {}, context)
    assert "split: kaggle; source: physionet" in class_table_markdown(metrics, AAMI, {}, context)


def test_markdown_has_whole_rows_and_the_same_numbers(simulated: Context) -> None:
    metrics = _metrics(["a|b", "MI"])
    text = class_table_markdown(metrics, ["a|b", "MI"], {"test/MI/se": (0.9, 1.0)}, simulated)
    assert text.startswith("**SIMULATED: ")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert "| MI | 97.31 (90.00-100.00) | 97.31 | 97.31 | 97.31 | 109,446 |" in rows
    assert [row.replace("\\|", "").count("|") for row in rows] == [4] * 8 + [7] * 4
    assert text.rstrip().endswith("simulated recordings")
