from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.errors import EcgError
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record, require_annotations

FS = 360
N = 20 * FS


def write_record(
    folder: Path, name: str = "100", symbols: str = "+NNVN", fmt: str = "212", comments: tuple[str, ...] = ()
) -> np.ndarray:
    """A 20 s record of two leads as a WFDB writer makes it; returns its samples [lead, time]."""
    t = np.arange(N)
    digital = np.stack([1024 + 300 * np.sin(t / 40), 1000 + 100 * np.cos(t / 25)], axis=1).astype(np.int64)
    wfdb.wrsamp(
        name,
        fs=FS,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        d_signal=digital,
        fmt=[fmt, fmt],
        adc_gain=[200.0, 100.0],
        baseline=[1024, 1000],
        comments=list(comments),
        write_dir=str(folder),
    )
    if symbols:
        wfdb.wrann(name, "atr", 18 + 300 * np.arange(len(symbols)), list(symbols), write_dir=str(folder))
    return digital.T


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("fmt", ["212", "16", "24", "32"])
def test_reads_what_was_written(tmp_path: Path, fmt: str) -> None:
    digital = write_record(tmp_path, fmt=fmt, comments=("69 M", "Aldomet"))
    for path in (tmp_path / "100", tmp_path / "100.hea"):
        recording = read_record(path, patient="p1")
        assert recording.digital.dtype == np.int32
        np.testing.assert_array_equal(recording.digital, digital)
        assert (recording.record, recording.patient, recording.fs) == ("100", "p1", FS)
        assert recording.leads == ("MLII", "V5")
        assert recording.gain.tolist() == [200.0, 100.0]
        assert recording.baseline.tolist() == [1024, 1000]
        assert recording.comments == ("69 M", "Aldomet")
        assert not recording.simulated
        annotations = require_annotations(recording)
        assert annotations.sample.tolist() == [18, 318, 618, 918, 1218]
        assert "".join(annotations.symbol) == "+NNVN"


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_record(tmp_path)
    read_record(tmp_path / "100")
    assert capfd.readouterr() == ("", "")


def test_patient_is_the_record_when_not_given_and_annotations_may_be_absent(tmp_path: Path) -> None:
    write_record(tmp_path, symbols="")
    recording = read_record(tmp_path / "100")
    assert recording.patient == "100"
    assert recording.annotations is None
    with pytest.raises(EcgError, match=r"100\.atr is not beside"):
        require_annotations(recording)


def test_annotations_are_not_touched_when_not_wanted(tmp_path: Path) -> None:
    write_record(tmp_path)
    (tmp_path / "100.atr").write_text("not annotations")
    assert read_record(tmp_path / "100", annotator=None).annotations is None


def test_annotations_without_beats(tmp_path: Path) -> None:
    write_record(tmp_path, symbols="+~|")
    recording = read_record(tmp_path / "100")
    assert recording.annotations is not None
    with pytest.raises(EcgError, match=r"100\.atr marks no beats \(3 annotations\)"):
        require_annotations(recording)


def test_an_annotation_file_of_nothing_but_its_end(tmp_path: Path) -> None:
    write_record(tmp_path)
    (tmp_path / "100.atr").write_bytes(b"\0\0")
    recording = read_record(tmp_path / "100")
    assert recording.annotations is not None
    assert len(recording.annotations) == 0


def test_simulated_is_said_by_a_comment(tmp_path: Path) -> None:
    write_record(tmp_path, comments=("Simulated by ecg",))
    assert read_record(tmp_path / "100").simulated


def test_a_folder_name_with_odd_characters(tmp_path: Path) -> None:
    folder = tmp_path / "data [x] * é"
    folder.mkdir()
    digital = write_record(folder)
    np.testing.assert_array_equal(read_record(folder / "100").digital, digital)


def test_microvolts_become_millivolts(tmp_path: Path) -> None:
    write_record(tmp_path)
    edit(tmp_path / "100.hea", "200.0(1024)/mV", "0.2(1024)/uV")
    assert read_record(tmp_path / "100").gain.tolist() == [200.0, 100.0]


def test_frank_leads_may_be_absent(tmp_path: Path) -> None:
    digital = write_record(tmp_path)
    xyz = digital[1].astype("<i2")
    xyz.tofile(tmp_path / "100.xyz")
    header = tmp_path / "100.hea"
    edit(header, "100 2 360", "100 3 360")
    header.write_text(header.read_text().rstrip("\n") + "\n100.xyz 16 2000 16 0 0 0 0 vx\n")
    assert read_record(tmp_path / "100").leads == ("MLII", "V5", "vx")
    (tmp_path / "100.xyz").unlink()
    recording = read_record(tmp_path / "100")
    assert recording.leads == ("MLII", "V5")
    np.testing.assert_array_equal(recording.digital, digital)


def test_no_header_lists_the_records_there_are(tmp_path: Path) -> None:
    write_record(tmp_path, "101")
    write_record(tmp_path, "102")
    with pytest.raises(EcgError, match=r"no record 100: .*100\.hea does not exist\. .* has 101, 102\."):
        read_record(tmp_path / "100")
    with pytest.raises(EcgError, match="There is no folder"):
        read_record(tmp_path / "nowhere" / "100")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EcgError, match="has no records"):
        read_record(tmp_path / "empty" / "100")


def _cut_dat(f: Path) -> None:
    (f / "100.dat").write_bytes((f / "100.dat").read_bytes()[:-300])


def _cut_atr(f: Path) -> None:
    (f / "100.atr").write_bytes((f / "100.atr").read_bytes()[:-4])


def _flip_dat(f: Path) -> None:
    content = bytearray((f / "100.dat").read_bytes())
    content[0] ^= 1
    (f / "100.dat").write_bytes(content)


MALFORMED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no dat": (lambda f: (f / "100.dat").unlink(), r"signal file .*100\.dat does not exist"),
    "cut dat": (_cut_dat, r"100\.dat: cut off: 100\.hea announces 21600 bytes, the file has 21300"),
    "empty dat": (lambda f: (f / "100.dat").write_bytes(b""), r"100\.dat: the file is empty"),
    "text dat": (lambda f: (f / "100.dat").write_text("0.1,0.2\n" * 9999), r"100\.dat: holds text, not samples"),
    "damaged dat": (_flip_dat, r"100\.dat: the samples of lead MLII do not match the checksum"),
    "empty header": (lambda f: (f / "100.hea").write_text(""), r"100\.hea: not a WFDB header"),
    "comments only": (lambda f: (f / "100.hea").write_text("# hello\n"), r"100\.hea: not a WFDB header"),
    "binary header": (lambda f: (f / "100.hea").write_bytes(bytes(range(256))), r"100\.hea: "),
    "prose header": (lambda f: (f / "100.hea").write_text("a b c\nd e f\n"), r"100\.hea: not a WFDB header"),
    "fewer signals": (lambda f: edit(f / "100.hea", "100 2 ", "100 3 "), r"announces 3 signals but describes 2"),
    "no signals": (lambda f: (f / "100.hea").write_text("100 0 360 7200\n"), r"announces 0 signals"),
    "zero gain": (lambda f: edit(f / "100.hea", "200.0(1024)", "0(1024)"), r"100\.hea: lead MLII has gain 0"),
    "zero rate": (lambda f: edit(f / "100.hea", "100 2 360", "100 2 0"), r"100\.hea: sampling rate is 0"),
    "odd format": (lambda f: edit(f / "100.hea", "dat 212", "dat 99"), r"100\.hea: unknown signal format 99"),
    "segments": (lambda f: (f / "100.hea").write_text("100/2 2 360 9\na 5\nb 4\n"), r"several segments.*: a, b"),
    "cut atr": (_cut_atr, r"100\.atr: damaged or cut off"),
    "empty atr": (lambda f: (f / "100.atr").write_bytes(b""), r"100\.atr: damaged"),
    "text atr": (lambda f: (f / "100.atr").write_text("beats\n"), r"100\.atr: damaged"),
    "noise atr": (lambda f: (f / "100.atr").write_bytes(b"\xff" * 40 + b"\0\0"), r"100\.atr: "),
    "unknown code": (lambda f: (f / "100.atr").write_bytes(b"\x05\xc8\0\0"), r"100\.atr: damaged: .* codes"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_names_the_file_and_what_is_wrong(tmp_path: Path, name: str) -> None:
    write_record(tmp_path)
    damage, message = MALFORMED[name]
    damage(tmp_path)
    with pytest.raises(EcgError, match=message):
        read_record(tmp_path / "100")


def test_annotations_beyond_the_end(tmp_path: Path) -> None:
    write_record(tmp_path, symbols="")
    wfdb.wrann("100", "atr", np.array([10, N + 5]), ["N", "N"], write_dir=str(tmp_path))
    with pytest.raises(EcgError, match=r"annotation at sample 7205, but the record ends at 7200"):
        read_record(tmp_path / "100")


def test_random_damage_never_escapes_as_another_exception(tmp_path: Path) -> None:
    write_record(tmp_path)
    rng = np.random.default_rng(0)
    clean = {suffix: (tmp_path / f"100{suffix}").read_bytes() for suffix in (".hea", ".atr")}
    for suffix, content in clean.items():
        for _ in range(60):
            damaged = bytearray(content)
            for position in rng.integers(len(content), size=3):
                damaged[position] = rng.integers(256)
            (tmp_path / f"100{suffix}").write_bytes(damaged)
            try:
                assert isinstance(read_record(tmp_path / "100"), Recording)
            except EcgError as error:
                assert "100" in str(error)  # noqa: PT017
        (tmp_path / f"100{suffix}").write_bytes(content)


@pytest.mark.real
def test_every_real_ptb_record_reads(ecg_data: Path) -> None:
    headers = sorted((ecg_data / "ptbdb").rglob("*.hea"))
    assert headers
    for header in headers[:20]:
        recording = read_record(header)
        assert recording.lead_index("II") == 1
        assert recording.fs == 1000
        assert recording.gain.tolist() == [2000.0] * len(recording.leads)


@pytest.mark.real
def test_real_ptb_xl_records_read(ecg_data: Path) -> None:
    headers = sorted((ecg_data / "ptb-xl" / "records500").rglob("*.hea"))[:20]
    assert headers
    for header in headers:
        recording = read_record(header)
        assert recording.digital.shape == (12, 5000)
