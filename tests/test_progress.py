"""Progress is shown on a terminal alone, and under the bar of a whole command others are silent."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from ecg import progress
from ecg.progress import track, track_whole


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal would show."""
    shown, real = io.StringIO(), Console
    monkeypatch.setattr("rich.console.Console", lambda **_: real(file=shown, force_terminal=True, width=100))
    return shown


def test_in_a_pipe_items_come_and_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([1, 2], "reading")) == [1, 2]
    assert list(track_whole(iter([1, 2]), "labelling", 2)) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_whole_command_has_one_bar_with_how_many_are_done(terminal: io.StringIO) -> None:
    for _ in track_whole(iter(range(3)), "labelling", 3):
        assert list(track([1], "finding R peaks")) == [1]
    assert "labelling" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert "finding R peaks" not in terminal.getvalue()


def test_after_it_others_are_shown_again_even_if_it_was_stopped(terminal: io.StringIO) -> None:
    def stopped() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(track_whole(stopped(), "labelling", 3))
    assert not progress._WITHIN.get()
    list(track([1], "finding R peaks"))
    assert "finding R peaks" in terminal.getvalue()


def test_one_recording_alone_has_the_bars_of_its_steps(terminal: io.StringIO) -> None:
    for _ in track_whole(iter([1]), "labelling", 1):
        list(track([1], "finding R peaks"))
    assert "finding R peaks" in terminal.getvalue()
