import io
from collections.abc import Sequence

from rich.console import Console

from ecg.report.subjects import comparison_markdown, comparison_table

CLASSES = ["normal", "MI"]
KEYS = ("accuracy", "balanced_accuracy", "macro_f1", "auroc")


def metrics(*, by_patient: bool = True, baselines: bool = True) -> dict[str, float]:
    levels = ["test", "subject"] if by_patient else ["test"]
    found = {f"{level}/{key}": 1.0 for level in levels for key in KEYS}
    if baselines:
        found |= {
            f"baseline/{n}/{level}/{key}": 0.5 for n in ("majority", "nearest") for level in levels for key in KEYS
        }
    if by_patient:
        for name in CLASSES:
            found |= {f"subject/{name}/se": 0.25, f"subject/{name}/ppv": 0.75, f"subject/{name}/support": 12.0}
    return found


def rows(found: dict[str, float]) -> list[Sequence[str]]:
    table = comparison_table(found, CLASSES, {})
    assert table is not None
    return [row for row in table.rows if row]


def shown(found: dict[str, float], intervals: dict[str, tuple[float, float]]) -> str:
    console = Console(width=80, record=True, file=io.StringIO(), color_system=None)
    table = comparison_table(found, CLASSES, intervals)
    assert table is not None
    console.print(table)
    return console.export_text()


def test_the_model_and_each_baseline_have_a_row_by_patient_and_by_beat() -> None:
    assert [row[0].strip() for row in rows(metrics())] == [
        "patients: this model",
        "majority class",
        "nearest neighbour",
        "beats: this model",
        "majority class",
        "nearest neighbour",
    ]
    assert {row[1:] for row in rows(metrics())} == {("100.00",) * 4, ("50.00",) * 4}


def test_no_line_is_over_80_columns_and_no_number_is_segmentation() -> None:
    keys = [f"{level}/{key}" for level in ("test", "subject") for key in KEYS]
    text = shown(metrics(), dict.fromkeys(keys, (0.9, 1.0)))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("90.00-100.00") == 8
    assert "…" not in text


def test_patients_are_counted_by_class_below() -> None:
    text = " ".join(shown(metrics(), {}).split())
    assert "12 normal: Se 25.00 %, +P 75.00 %; 12 MI: Se 25.00 %, +P 75.00 %" in text
    assert "mean probability over a patient's beats" in text


def test_without_patients_there_are_beats_only() -> None:
    found = metrics(by_patient=False)
    assert len(rows(found)) == 3
    assert "atients" not in shown(found, {})


def test_there_is_no_table_where_there_is_nothing_to_compare() -> None:
    found = metrics(by_patient=False, baselines=False)
    assert comparison_table(found, CLASSES, {}) is None
    assert comparison_markdown(found, CLASSES, {}) == ""


def test_markdown_has_whole_rows_and_the_same_numbers() -> None:
    text = comparison_markdown(metrics(), CLASSES, {"subject/auroc": (0.8, 1.0)})
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 8
    assert {line.count("|") for line in lines} == {6}
    assert "| patients: this model | 100.00 | 100.00 | 100.00 | 100.00 (80.00-100.00) |" in lines


def test_an_undefined_area_is_a_dash() -> None:
    assert rows({**metrics(), "subject/auroc": float("nan")})[0][-1] == "-"
