"""`trainer.precision=auto` looks at the machine; anything else is taken as it is."""

from __future__ import annotations

import pytest
import torch

from ecg.training import precision
from ecg.training.precision import choose_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without any of the fast kinds of arithmetic."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(precision, "_cpu_has_amx", lambda: False)
    return monkeypatch


@pytest.mark.parametrize("wanted", ["32-true", "bf16-mixed", "16-mixed"])
def test_a_named_precision_is_kept(wanted: str) -> None:
    assert choose_precision(wanted, "cpu") == wanted


def test_a_plain_processor_computes_in_float32(machine: pytest.MonkeyPatch) -> None:
    assert choose_precision("auto", "cpu") == choose_precision("auto", "auto") == "32-true"


def test_a_processor_with_amx_computes_in_bfloat16(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(precision, "_cpu_has_amx", lambda: True)
    assert choose_precision("auto", "cpu") == "bf16-mixed"


@pytest.mark.parametrize(("bf16", "chosen"), [(True, "bf16-mixed"), (False, "16-mixed")])
def test_a_graphics_card_decides_where_it_is_used(machine: pytest.MonkeyPatch, bf16: bool, chosen: str) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)
    machine.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    assert choose_precision("auto", "gpu") == choose_precision("auto", "auto") == chosen
    assert choose_precision("auto", "cpu") == "32-true"


def test_apples_graphics_compute_in_float32(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(precision, "_cpu_has_amx", lambda: True)
    assert choose_precision("auto", "mps") == "32-true"


def test_this_machine_has_an_answer() -> None:
    assert choose_precision("auto", "cpu") in ("32-true", "bf16-mixed")
