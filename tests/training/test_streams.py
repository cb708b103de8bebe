"""Batches side by side: in order, with PyTorch's threads shared between them and given back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import torch

from ecg.training import processor as module
from ecg.training.processor import streams


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    """PyTorch with four threads, and afterwards as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def slow_first(item: int) -> int:
    """The first item ends last."""
    time.sleep(0.05 if item == 0 else 0.0)
    return item * item


def test_results_come_in_the_order_of_the_items() -> None:
    with streams() as each:
        assert list(each(slow_first, range(20))) == [n * n for n in range(20)]


@pytest.mark.parametrize(("at_most", "within"), [(8, 1), (2, 2)])
def test_each_stream_has_its_share_of_the_threads(monkeypatch: pytest.MonkeyPatch, at_most: int, within: int) -> None:
    monkeypatch.setattr(module, "AT_MOST", at_most)
    with streams() as each:
        found = set(each(lambda _: torch.get_num_threads(), range(40)))
    assert found == {within}
    assert torch.get_num_threads() == 4


def test_one_thread_works_without_a_pool() -> None:
    torch.set_num_threads(1)
    with streams() as each:
        assert each is map


def test_ctrl_c_drops_what_has_not_begun_and_gives_the_threads_back() -> None:
    begun = []

    def one(item: int) -> int:
        begun.append(item)
        time.sleep(0.02)
        return item

    def interrupted() -> None:
        with streams() as each:
            for done in each(one, range(1000)):
                if done == 2:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(begun) < 100
    assert torch.get_num_threads() == 4


def test_an_error_in_a_stream_reaches_the_caller() -> None:
    def one(item: int) -> int:
        if item == 3:
            raise ValueError("item 3")
        return item

    with pytest.raises(ValueError, match="item 3"), streams() as each:
        list(each(one, range(1000)))
    assert torch.get_num_threads() == 4
