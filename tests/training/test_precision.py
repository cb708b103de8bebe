"""`trainer.precision=auto` looks at the machine; anything else is taken as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ecg.training import processor as precision
from ecg.training.processor import choose_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine without any of the fast kinds of arithmetic."""
    (tmp_path / "cpuinfo").write_text("vendor_id\t: AuthenticAMD\nflags\t: fpu avx2\n")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "cpuinfo")
    return monkeypatch


@pytest.mark.parametrize("wanted", ["32-true", "bf16-mixed", "16-mixed"])
def test_a_named_precision_is_kept(wanted: str) -> None:
    assert choose_precision(wanted, "cpu") == wanted


def test_a_plain_processor_computes_in_float32(machine: pytest.MonkeyPatch) -> None:
    assert choose_precision("auto", "cpu") == choose_precision("auto", "auto") == "32-true"


@pytest.mark.parametrize(
    ("vendor", "flags", "chosen"),
    [
        ("GenuineIntel", "avx512f avx512_bf16", "32-true"),
        ("GenuineIntel", "avx512f avx512_bf16 amx_bf16", "bf16-mixed"),
        ("AuthenticAMD", "avx2", "32-true"),
        ("AuthenticAMD", "avx2 avx512f avx512_bf16", "bf16-mixed"),
    ],
)
def test_a_processor_says_whether_bfloat16_is_quick(
    machine: pytest.MonkeyPatch, vendor: str, flags: str, chosen: str
) -> None:
    precision.CPU_INFO.write_text(f"vendor_id\t: {vendor}\nflags\t: fpu {flags}\n")
    assert choose_precision("auto", "cpu") == chosen
    assert choose_precision("auto", "mps") == "32-true"


def test_where_no_file_tells_of_the_processor_it_is_float32(machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine.setattr(precision, "CPU_INFO", tmp_path / "missing")
    assert choose_precision("auto", "cpu") == "32-true"


@pytest.mark.parametrize(("bf16", "chosen"), [(True, "bf16-mixed"), (False, "16-mixed")])
def test_a_graphics_card_decides_where_it_is_used(machine: pytest.MonkeyPatch, bf16: bool, chosen: str) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)
    machine.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    assert choose_precision("auto", "gpu") == choose_precision("auto", "auto") == chosen
    assert choose_precision("auto", "cpu") == "32-true"


def test_this_machine_has_an_answer() -> None:
    assert choose_precision("auto", "cpu") in ("32-true", "bf16-mixed")
