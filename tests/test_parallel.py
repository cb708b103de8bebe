"""Work side by side comes in order, few parts ahead, with PyTorch's threads as they were afterwards."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from ecg.parallel import side_by_side


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
