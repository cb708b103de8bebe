from __future__ import annotations

from rich.console import Console

from ecg.report.protocols import protocol_markdown, protocol_table

USUAL = {"test/S/se": 0.5, "test/S/ppv": 0.25, "test/V/se": 0.9, "test/V/ppv": 0.8}
EC57 = {"ec57/gross/SVEB/se": 0.6, "ec57/gross/SVEB/ppv": 0.3, "ec57/gross/VEB/se": 0.95, "ec57/gross/VEB/ppv": 0.85}


def test_a_task_with_only_the_usual_way_has_no_table() -> None:
    assert protocol_table(USUAL) is None
    assert protocol_markdown({"test/MI/se": 0.5}) == ""


def test_each_way_of_counting_is_a_row_in_percent() -> None:
    table = protocol_table({**USUAL, **EC57, "without_232/S/se": 0.4, "without_232/S/ppv": 0.1, "test/jk": 0.7})
    assert table is not None
    assert table.head == ("counted, %", "jκ", "S Se", "S +P", "S F1", "V Se", "V +P", "V F1")
    assert table.rows == [
        ("usual", "70.00", "50.00", "25.00", "33.33", "90.00", "80.00", "84.71"),
        ("without record 232", "-", "40.00", "10.00", "16.00", "-", "-", "-"),
        ("EC57, gross", "-", "60.00", "30.00", "40.00", "95.00", "85.00", "89.72"),
    ]


def test_the_table_fits_80_columns_and_says_what_ec57_leaves_out() -> None:
    console = Console(width=80, record=True)
    console.print(protocol_table({**USUAL, **EC57}))
    said = console.export_text()
    assert max(map(len, said.splitlines())) <= 80
    assert "first five minutes" in " ".join(said.split())
    assert "| EC57, gross | - | 60.00 | 30.00 | 40.00 | 95.00 | 85.00 | 89.72 |" in protocol_markdown({**USUAL, **EC57})
