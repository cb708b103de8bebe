"""Work side by side comes in order, few parts ahead, with PyTorch's threads as they were afterwards."""

from __future__ import annotations

import os
import threading
import time

import pytest
import torch

from ecg.errors import EcgError
from ecg.parallel import WORTH_IT, each, side_by_side
from ecg.recordings.leads import MissingLeadError


@pytest.fixture(params=["1", "3"])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    return int(request.param)


def test_results_come_in_order(cores: int) -> None:
    def work(part: int) -> int:
        time.sleep(0.002 * (part % 3))
        return 10 * part

    assert list(side_by_side(work, range(20))) == [10 * part for part in range(20)]
    assert list(side_by_side(work, [])) == []


def test_each_works_on_one_thread_of_pytorch_which_then_has_its_own_again(cores: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        inside = list(side_by_side(lambda _: torch.get_num_threads(), range(4)))
        assert inside == ([2] if cores == 1 else [1]) * 4
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_few_parts_are_ahead_of_what_is_taken(cores: int) -> None:
    begun, lock = [], threading.Lock()

    def work(part: int) -> int:
        with lock:
            begun.append(part)
        return part

    for taken in side_by_side(work, range(50)):
        time.sleep(0.001)
        assert len(begun) <= taken + 1 + 2 * cores


def test_an_error_comes_out_and_what_has_not_begun_is_dropped(cores: int) -> None:
    begun = []

    def work(part: int) -> int:
        begun.append(part)
        if part == 2:
            raise ValueError("part 2")
        return part

    with pytest.raises(ValueError, match="part 2"):
        list(side_by_side(work, range(100)))
    assert len(begun) < 20
    assert torch.get_num_threads() >= 1


def _squared(x: int) -> tuple[int, int]:
    return x * x, os.getpid()


def _refused(x: int) -> int:
    if x == 30:
        raise MissingLeadError("record 30 has no lead V9", "V9")
    return x


def _dies(x: int) -> int:
    if x == 3:
        os._exit(7)
    return x


@pytest.mark.parametrize(("count", "several"), [(WORTH_IT - 1, False), (2 * WORTH_IT, True)])
def test_many_records_are_worked_through_in_processes_and_in_order(
    monkeypatch: pytest.MonkeyPatch, count: int, several: bool
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = list(each(range(count), _squared, "squaring"))
    assert [value for value, _ in found] == [x * x for x in range(count)]
    assert ({pid for _, pid in found} == {os.getpid()}) is not several


def test_one_thread_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert {pid for _, pid in each(range(2 * WORTH_IT), _squared, "squaring")} == {os.getpid()}


def test_what_is_wrong_with_a_record_is_said_as_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with pytest.raises(MissingLeadError, match=r"^record 30 has no lead V9$") as caught:
        list(each(range(2 * WORTH_IT), _refused, "reading"))
    assert caught.value.lead == "V9"


def test_a_process_that_ends_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with pytest.raises(EcgError, match=r"^reading: one of 2 processes ended, .* OMP_NUM_THREADS=1"):
        list(each(range(2 * WORTH_IT), _dies, "reading"))
