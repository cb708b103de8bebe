"""EDF and BDF files whose header and contents disagree: what is there is read at its time, and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError

from .edf_writing import FS, signal, write
from .records import noted, read

GAP = [0, 1, 2, 3, 14, 15, 16, 17]
"""Time stamps of eight records of a second; ten are missing after the fourth."""


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize("reserved", ["", "EDF+C", "EDF+D"])
def test_time_stamps_that_jump_are_a_gap(tmp_path: Path, reserved: str, bdf: bool) -> None:
    x = signal(8)
    own = read(write(tmp_path / "x.edf", x, GAP, reserved=reserved.replace("EDF", "BDF" * bdf or "EDF"), bdf=bdf))
    assert own.gaps.tolist() == [[4 * FS, 14 * FS]]
    assert own.recording.seconds == 18
    np.testing.assert_array_equal(own.recording.digital[0, : 4 * FS], x[: 4 * FS])
    np.testing.assert_array_equal(own.recording.digital[0, 14 * FS :], x[4 * FS :])
    assert noted(own, "time stamps", "jump", "continuous") == (reserved != "EDF+D")


@pytest.mark.parametrize(
    "onsets",
    [
        None,
        list(range(8)),
        [0.25 + i for i in range(8)],  # a file may begin within a second
        [0, None, 2, 3, None, None, 6, 7],
        [None, 1, 2, 3, 4, 5, 6, 7],
        [i * 1.000001 for i in range(8)],
    ],
)
def test_stamps_without_a_jump_are_no_gap(tmp_path: Path, onsets: list[float | None] | None) -> None:
    x = signal(8)
    own = read(write(tmp_path / "x.edf", x, onsets, reserved="EDF+C" if onsets else ""))
    assert (len(own.gaps), own.notes) == (0, ())
    np.testing.assert_array_equal(own.recording.digital[0], x)


def test_a_gap_between_record_and_sample_is_put_to_the_sample(tmp_path: Path) -> None:
    own = read(write(tmp_path / "x.edf", signal(4), [0, 0.5, 1, 1.5, 3.125, 3.625, 4.125, 4.625], seconds=0.5))
    assert own.gaps.tolist() == [[2 * FS, round(3.125 * FS)]]


@pytest.mark.parametrize("onsets", [[0] * 8, [0, 1, 2, 3, 1, 2, 3, 4]])
def test_stamps_that_go_back_are_not_used(tmp_path: Path, onsets: list[float]) -> None:
    own = read(write(tmp_path / "x.edf", signal(8), onsets, reserved="EDF+C"))
    assert (len(own.gaps), own.recording.seconds) == (0, 8)
    assert noted(own, "go back", "are not used")
    with pytest.raises(EcgError, match=r"x\.edf: an interrupted recording .*go back"):
        read(write(tmp_path / "x.edf", signal(8), onsets, reserved="EDF+D"))


def test_interrupted_without_stamps_or_by_years(tmp_path: Path) -> None:
    for onsets in (None, [None] * 8):
        with pytest.raises(EcgError, match=r"x\.edf: an interrupted recording \(EDF\+D\) without time stamps"):
            read(write(tmp_path / "x.edf", signal(8), onsets, reserved="EDF+D"))
    with pytest.raises(EcgError, match=r"x\.edf: the time stamps jump by 999,999 s after data record 1"):
        read(write(tmp_path / "x.edf", signal(3), [0, 999_999, 1_000_000]))


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize("promised", [100, 5, 0])
def test_more_or_fewer_records_than_promised_are_told(tmp_path: Path, promised: int, bdf: bool) -> None:
    x = signal(8)
    own = read(write(tmp_path / "x.edf", x, promised=promised, bdf=bdf))
    np.testing.assert_array_equal(own.recording.digital[0], x)
    assert noted(own, f"announces {promised} data records", "holds 8", "8.0 s")


def test_a_record_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x.edf", signal(8))
    path.write_bytes(path.read_bytes()[:-100])
    own = read(path)
    assert own.recording.seconds == 7
    assert noted(own, "announces 8 data records", "holds 7", "cut off at the end is left out")


def test_an_unknown_number_of_records_needs_no_note(tmp_path: Path) -> None:
    assert read(write(tmp_path / "x.edf", signal(8), promised=-1)).notes == ()


def test_nothing_behind_the_header(tmp_path: Path) -> None:
    path = write(tmp_path / "x.edf", signal(1))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(EcgError, match=r"x\.edf: holds no samples"):
        read(path)


@pytest.mark.parametrize("unit", ["\xb5V", "uV", "\xc2\xb5V"])  # Latin-1, ASCII, UTF-8
def test_microvolts_however_they_are_written(tmp_path: Path, unit: str) -> None:
    x = signal(8)
    own = read(write(tmp_path / "x.edf", x, unit=unit))
    np.testing.assert_allclose(own.recording.millivolts(0), x / 1000, atol=1e-6)
    assert own.notes == ()


def test_a_unit_that_is_not_known_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "x.edf", signal(8), unit="mmHg")
    with pytest.raises(EcgError, match=r"x\.edf: the unit 'mmHg' of lead ECG is not known.*--unit"):
        read(path)
    np.testing.assert_allclose(read(path, unit="uV").recording.millivolts(0), signal(8) / 1000, atol=1e-6)
    own = read(write(tmp_path / "x.edf", signal(8)), unit="mV")
    np.testing.assert_allclose(own.recording.millivolts(0), signal(8) / 1000, atol=1e-6)
    assert noted(own, "--unit mV is not used: the file says uV")


def test_a_signal_without_calibration(tmp_path: Path) -> None:
    path = write(tmp_path / "x.edf", signal(8), physical=("0", "0"))
    with pytest.raises(EcgError, match=r"x\.edf: lead ECG is not calibrated.*--unit ADU"):
        read(path)
    np.testing.assert_array_equal(read(path, unit="ADU").recording.digital[0], signal(8))


def test_a_signal_that_is_upside_down(tmp_path: Path) -> None:
    own = read(write(tmp_path / "x.edf", signal(8), physical=("32767", "-32768")))
    np.testing.assert_allclose(own.recording.millivolts(0), -(signal(8) + 1) / 1000, atol=1e-3)


def test_a_lead_without_a_label(tmp_path: Path) -> None:
    assert read(write(tmp_path / "x.edf", signal(8), label="")).leads == ("signal 0",)


@pytest.mark.parametrize(
    ("name", "bdf", "holds"), [("x.edf", True, "BDF"), ("x.bdf", False, "EDF"), ("x", True, "BDF")]
)
def test_contents_count_and_not_the_ending(tmp_path: Path, name: str, bdf: bool, holds: str) -> None:
    own = read(write(tmp_path / name, signal(8), bdf=bdf))
    np.testing.assert_array_equal(own.recording.digital[0], signal(8))
    assert noted(own, f"holds {holds}")
