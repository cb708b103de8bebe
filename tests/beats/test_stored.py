"""Tables that are written part by part and read from the disk as they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg.beats import stored
from ecg.beats.cache import Facts, cached_beats
from ecg.beats.stored import ALIGNED, TEXT, beats_writer, load_beats
from ecg.beats.table import Beats

Makes = Callable[..., Beats]


def written(folder: Path, *parts: Beats) -> Beats:
    """What is read after the parts were written one after the other."""
    path = folder / "beats.table"
    with beats_writer(folder) as writer:
        for part in parts:
            writer.add(part)
        writer.write(path, {"n": len(parts)})
    found = load_beats(path)
    assert found is not None
    assert found[1] == {"n": len(parts)}
    assert [one.name for one in folder.iterdir()] == ["beats.table"]
    return found[0]


def assert_same(found: Beats, wanted: Beats) -> None:
    for left, right in ((found.columns, wanted.columns), (dict(found.inputs), dict(wanted.inputs))):
        assert list(left) == list(right)
        for name, values in right.items():
            np.testing.assert_array_equal(left[name], values, err_msg=name)
            assert left[name].dtype == values.dtype


@pytest.fixture
def parts(make_beats: Makes) -> list[Beats]:
    """Words of other lengths in each part, some of them again."""
    return [
        make_beats(["p1"] * 3, [0, 1, 2], database="mitdb"),
        make_beats([], [], database="mitdb"),
        make_beats(["a patient with a long name", "p1"], [4, 4], database="a database"),
        make_beats([""], [3], database=""),
    ]


@pytest.mark.parametrize("in_memory", [2**20, 1])
def test_parts_come_back_as_one_table(
    tmp_path: Path, parts: list[Beats], monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr(stored, "IN_MEMORY", in_memory)  # with 1 byte, all waits on the disk
    monkeypatch.setattr(stored, "_AT_ONCE", 8)  # text is written in several pieces
    assert_same(written(tmp_path, *parts), Beats.concatenate(parts))


def test_a_table_without_beats_comes_back(tmp_path: Path, make_beats: Makes) -> None:
    empty = make_beats([], [])
    found = written(tmp_path, empty)
    assert len(found) == 0
    assert found.signal.shape == empty.signal.shape


def test_columns_lie_in_the_file_as_a_processor_reads_them(tmp_path: Path, parts: list[Beats]) -> None:
    found = written(tmp_path, *parts)
    for values in (*found.columns.values(), *found.inputs.values()):
        assert values.flags.aligned
        assert values.ctypes.data % ALIGNED == 0
        assert not values.flags.owndata  # a part of the file, not a copy


def test_inputs_cannot_be_changed_and_other_columns_change_no_file(tmp_path: Path, parts: list[Beats]) -> None:
    found = written(tmp_path, *parts)
    before = (tmp_path / "beats.table").read_bytes()
    with pytest.raises(ValueError, match="read-only"):
        found.signal[0] = 1
    found.y[0] = 7
    assert (tmp_path / "beats.table").read_bytes() == before


def test_parts_of_other_inputs_or_shapes_are_no_table(tmp_path: Path, make_beats: Makes) -> None:
    one = make_beats(["p"], [0], n_samples=20)
    for other in (
        make_beats(["p"], [0], n_samples=21),
        replace(one, inputs={**one.inputs, "more": np.zeros((1, 2), dtype=np.float32)}),
        replace(one, inputs={"signal": one.signal.astype(np.float64)}),
    ):
        with beats_writer(tmp_path) as writer:
            writer.add(one)
            with pytest.raises(ValueError, match="parts of one table"):
                writer.add(other)


def test_no_parts_are_no_table(tmp_path: Path) -> None:
    with beats_writer(tmp_path) as writer, pytest.raises(ValueError, match="needs a part"):
        writer.write(tmp_path / "beats.table", {})


def test_what_recordings_cannot_be_read_for_is_not_said_of_the_cache(tmp_path: Path, parts: list[Beats]) -> None:
    def build(add: Callable[[Beats], None]) -> Facts:
        add(parts[0])
        raise FileNotFoundError(2, "No such file or directory", "100.dat")

    with pytest.raises(FileNotFoundError, match=r"100\.dat"):
        cached_beats(tmp_path, {"a": 1}, build)
    assert list(tmp_path.iterdir()) == []


def test_text_is_all_that_is_kept_as_words(parts: list[Beats]) -> None:
    assert set(TEXT) == {name for name, column in parts[0].columns.items() if column.dtype.kind == "U"}
