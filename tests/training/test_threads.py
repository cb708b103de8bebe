"""The number of threads: as set, as the environment says, or as is faster at this moment; said in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import torch

from ecg.training import threads
from ecg.training.threads import choose_threads


@pytest.fixture(autouse=True)
def four_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with four cores and no wishes in its environment; afterwards PyTorch is as it was."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    monkeypatch.setattr(threads, "MOST", 4)
    yield
    torch.set_num_threads(before)


def measured(monkeypatch: pytest.MonkeyPatch, alone: float, together: float) -> list[tuple[int, ...]]:
    """Have the same work take so long on one thread and on all; what was measured."""
    asked: list[tuple[int, ...]] = []

    def seconds(*counts: int) -> list[float]:
        asked.append(counts)
        torch.set_num_threads(counts[-1])
        return [alone if count == 1 else together for count in counts]

    monkeypatch.setattr(threads, "_seconds", seconds)
    return asked


def never(monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(*counts: int) -> list[float]:
        raise AssertionError("measured, though the number is known")

    monkeypatch.setattr(threads, "_seconds", seconds)


@pytest.mark.parametrize("wanted", [1, 2, 3])
@pytest.mark.parametrize("environment", [None, "4"])
def test_a_number_that_is_set_is_taken_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wanted: int, environment: str | None
) -> None:
    never(monkeypatch)
    caplog.set_level(logging.INFO)
    if environment:
        monkeypatch.setenv("OMP_NUM_THREADS", environment)
    assert choose_threads(wanted) == torch.get_num_threads() == wanted
    assert f"{wanted} thread{'s' if wanted > 1 else ''} (as set by threads=)" in caplog.messages


def test_omp_num_threads_is_followed_without_a_measurement(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    never(monkeypatch)
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert choose_threads(None) == torch.get_num_threads() == 4
    assert "4 threads (as OMP_NUM_THREADS says)" in caplog.messages


@pytest.mark.parametrize(
    ("alone", "together", "count", "times"),
    [(1.0, 0.3, 4, "3.3"), (1.0, 3.0, 1, "0.3"), (1.0, 0.95, 1, "1.1"), (1.0, 0.8, 4, "1.2")],
    ids=["free machine", "busy machine", "hardly faster", "just fast enough"],
)
def test_else_several_threads_are_taken_where_they_are_faster_at_this_moment(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    alone: float,
    together: float,
    count: int,
    times: str,
) -> None:
    asked = measured(monkeypatch, alone, together)
    caplog.set_level(logging.INFO)
    assert choose_threads(None) == torch.get_num_threads() == count
    assert asked == [(1, 4)]
    (said,) = caplog.messages
    assert said.startswith(f"{count} thread{'s' if count > 1 else ''} (")
    assert f"4 are {times} times as fast as one" in said
    assert "threads= sets it" in said


def test_on_one_core_nothing_is_measured(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    never(monkeypatch)
    caplog.set_level(logging.INFO)
    torch.set_num_threads(1)
    monkeypatch.setattr(threads, "MOST", 1)
    assert choose_threads(None) == torch.get_num_threads() == 1
    assert caplog.messages == ["1 thread (there is one core)"]


def test_the_measurement_gives_a_time_for_each_number_and_takes_no_longer_than_a_blink() -> None:
    one, two = threads._seconds(1, 2)
    assert 0 < one < 2
    assert 0 < two < 2


def test_a_run_that_chose_one_thread_does_not_choose_for_those_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, alone=1.0, together=2.0)  # a busy moment
    assert choose_threads(None) == 1
    measured(monkeypatch, alone=2.0, together=1.0)
    assert choose_threads(None) == 4
