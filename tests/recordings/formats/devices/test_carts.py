"""Files as electrocardiographs and Holter recorders write them: values, rates, leads and gaps come out right."""

from __future__ import annotations

import builtins
from pathlib import Path

import numpy as np
import pytest

from ecg.errors import EcgError

from .conftest import Read
from .writing import CARTS, STEP_UV, aecg, dicom, ecg, ishne, mortara, muse, philips, scp

pytest.importorskip("ecgdatakit")
pytest.importorskip("pydicom")

FORMATS = pytest.mark.parametrize("form", CARTS)


def write(form: str, folder: Path, strips: list[dict[str, np.ndarray]], **more: object) -> Path:
    writer, ending = CARTS[form]
    return writer(folder / f"a{ending}", strips, **more)  # type: ignore[operator,no-any-return]


@FORMATS
@pytest.mark.parametrize("lead", ["I", "II", "V1"])
def test_each_lead_by_its_name_in_millivolts_and_the_file_s_own_rate(
    tmp_path: Path, read: Read, form: str, lead: str
) -> None:
    own = read(write(form, tmp_path, [ecg()], fs=250), lead=lead)
    assert (own.leads, own.recording.leads, own.recording.fs) == (("I", "II", "V1"), (lead,), 250)
    np.testing.assert_allclose(own.recording.millivolts(0), ecg()[lead] * STEP_UV / 1000, atol=1e-6)
    assert own.notes == ()
    assert not len(own.gaps)


@FORMATS
def test_the_strip_is_read_and_never_the_averaged_beat(tmp_path: Path, read: Read, form: str) -> None:
    own = read(write(form, tmp_path, [ecg(seconds=3)]))
    assert own.recording.seconds == 3  # the beat beside it is three times as high


@FORMATS
@pytest.mark.parametrize("stop", [306, 500])
def test_what_the_converter_could_not_measure_is_a_gap(tmp_path: Path, read: Read, form: str, stop: int) -> None:
    leads = ecg()
    leads["II"][300:stop] = -(2**15)
    own = read(write(form, tmp_path, [leads]))
    assert own.gaps.tolist() == [[300, stop]]
    assert np.abs(own.recording.millivolts(0)).max() < 2


@FORMATS
def test_nobody_s_name_is_taken_along(tmp_path: Path, read: Read, form: str) -> None:
    own = read(write(form, tmp_path, [ecg()]))
    assert (own.recording.patient, own.recording.record, own.recording.comments) == ("a", "a", ())


@FORMATS
def test_a_rate_or_unit_from_the_person_does_not_replace_the_file_s(tmp_path: Path, read: Read, form: str) -> None:
    path = write(form, tmp_path, [ecg()])
    own = read(path, fs=360, unit="mV")
    assert "--fs 360 is not used: the file says 250 Hz." in own.notes
    assert "--unit mV is not used: the file says uV." in own.notes
    np.testing.assert_array_equal(own.recording.millivolts(0), read(path).recording.millivolts(0))


def test_padding_of_dicom_is_a_gap(tmp_path: Path, read: Read) -> None:
    leads = ecg()
    leads["II"][300:500] = 700
    assert read(dicom(tmp_path / "a.dcm", [leads], padding=700)).gaps.tolist() == [[300, 500]]
    assert not len(read(dicom(tmp_path / "b.dcm", [leads])).gaps)


@pytest.mark.parametrize("form", ["aecg", "muse", "dicom"])
def test_of_several_strips_the_longest_with_the_lead_is_read(tmp_path: Path, read: Read, form: str) -> None:
    short, long, other = ecg(3), ecg(5, shift=3), {"V1": ecg(9)["V1"]}
    path = write(form, tmp_path, [short, long, other])
    own = read(path)
    np.testing.assert_allclose(own.recording.millivolts(0), long["II"] * STEP_UV / 1000, atol=1e-6)
    assert own.notes == ("The file holds 3 strips; the longest with lead II is read, 5.0 s.",)
    assert own.leads == ("I", "II", "V1")
    assert read(path, lead="V1").recording.seconds == 9


def test_sets_of_sequences_of_one_series_are_strips_too(tmp_path: Path, read: Read) -> None:
    own = read(aecg(tmp_path / "a.xml", [ecg(3), ecg(5, shift=3)], one_series=True))
    np.testing.assert_allclose(own.recording.millivolts(0), ecg(5, shift=3)["II"] * STEP_UV / 1000, atol=1e-6)


def test_a_group_of_dicom_without_samples_is_no_strip(tmp_path: Path, read: Read) -> None:
    empty = {name: samples[:0] for name, samples in ecg().items()}
    assert "The file holds 2 strips" in read(dicom(tmp_path / "a.dcm", [ecg(3), empty, ecg(5)])).notes[0]


@pytest.mark.parametrize(
    ("increment", "fs"), [("0.001024", 976.5625), ("0.003333", 300), ("0.0078125", 128), ("0.0028", 1 / 0.0028)]
)
def test_a_rate_is_not_rounded_unless_it_is_a_whole_one(tmp_path: Path, read: Read, increment: str, fs: float) -> None:
    assert read(aecg(tmp_path / "a.xml", [ecg()], increment=increment)).recording.fs == pytest.approx(fs, rel=1e-9)


def test_rates_of_dicom_and_scp_that_are_no_whole_ones(tmp_path: Path, read: Read) -> None:
    assert read(dicom(tmp_path / "a.dcm", [ecg()], fs=976.5625)).recording.fs == 976.5625
    assert read(scp(tmp_path / "a.scp", [ecg()], fs=300)).recording.fs == 300  # 3333 us
    assert read(scp(tmp_path / "b.scp", [ecg()], fs=360)).recording.fs == 360  # 2778 us


@pytest.mark.parametrize(("form", "unit"), [("aecg", "furlong"), ("aecg", ""), ("muse", "STEPS"), ("dicom", "mm[Hg]")])
def test_a_unit_that_is_no_voltage_is_asked_for(tmp_path: Path, read: Read, form: str, unit: str) -> None:
    path = write(form, tmp_path, [ecg()], unit=unit)
    with pytest.raises(EcgError, match=rf"{path.name}: lead II has no unit of voltage .*--unit"):
        read(path)
    own = read(path, unit="uV")
    step = 1 if form == "dicom" else STEP_UV  # without a unit, DICOM's sensitivity says nothing
    np.testing.assert_allclose(own.recording.millivolts(0), ecg()["II"] * step / 1000, atol=1e-6)


@pytest.mark.parametrize(("unit", "per_mv"), [("mV", 1), ("V", 1e-3), ("nV", 1e6)])
def test_units_are_the_file_s(tmp_path: Path, read: Read, unit: str, per_mv: float) -> None:
    own = read(aecg(tmp_path / "a.xml", [ecg()], unit=unit))
    np.testing.assert_allclose(own.recording.millivolts(0), ecg()["II"] * STEP_UV / per_mv, rtol=1e-5, atol=1e-9)


def test_the_value_of_zero_is_the_file_s(tmp_path: Path, read: Read) -> None:
    own = read(aecg(tmp_path / "a.xml", [ecg()], origin=300))
    np.testing.assert_allclose(own.recording.millivolts(0), ecg()["II"] * STEP_UV / 1000 + 0.3, atol=1e-6)


def test_what_ecgdatakit_says_of_the_signal_is_a_note(tmp_path: Path, read: Read) -> None:
    path = mortara(tmp_path / "a.xml", [ecg()])
    path.write_text(path.read_text().replace('OFFSET="0"', 'OFFSET="5"'))
    assert any("OFFSET" in note and "not applied" in note for note in read(path).notes)


def test_a_calibration_pulse_at_the_end_is_a_gap_with_its_values_kept(tmp_path: Path, read: Read) -> None:
    pulse = np.repeat(np.array([0, 400, 0], np.int16), 50)
    leads = {name: np.concatenate([samples, pulse]) for name, samples in ecg().items()}
    own = read(philips(tmp_path / "a.xml", [leads]))
    assert own.gaps.tolist() == [[1000, 1150]]
    assert own.recording.millivolts(0)[1075] == pytest.approx(1)
    assert any("From 4.0 s on" in note and "calibration" in note for note in own.notes)
    flat = {name: np.concatenate([samples, np.zeros(150, np.int16)]) for name, samples in ecg().items()}
    assert not len(read(philips(tmp_path / "b.xml", [flat])).gaps)


@pytest.mark.parametrize("form", ["scp", "ishne", "muse"])
def test_a_checksum_that_does_not_fit_is_told(tmp_path: Path, read: Read, form: str) -> None:
    path = write(form, tmp_path, [ecg()])
    stored = path.read_bytes()
    at = {"scp": len(stored) - 100, "ishne": 300, "muse": stored.find(b"<WaveFormData>") + 20}[form]
    path.write_bytes(stored[:at] + (b"B" if stored[at : at + 1] == b"A" else b"A") + stored[at + 1 :])
    assert any(note.startswith("The file may be damaged") for note in read(path).notes)


def test_a_holter_that_was_cut_off_is_told(tmp_path: Path, read: Read) -> None:
    path = ishne(tmp_path / "a.ecg", [ecg()])
    path.write_bytes(path.read_bytes()[: -6 * 250])
    own = read(path)
    assert own.recording.seconds == 3
    assert any("promises 1000 samples of each lead, and there are 750" in note for note in own.notes)


@FORMATS
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.3, 0.6, 0.99])
def test_what_is_left_of_a_file_is_read_or_refused_by_name(tmp_path: Path, read: Read, form: str, kept: float) -> None:
    path = write(form, tmp_path, [ecg()])
    stored = path.read_bytes()
    path.write_bytes(stored[: int(len(stored) * kept)])
    if form == "ishne" and kept > 0.1:  # its header comes first, and says what is missing
        assert any("cut off" in note for note in read(path).notes)
        return
    with pytest.raises(EcgError, match=rf"^[^\n]*{path.name}: [^\n]+$"):
        read(path)


@FORMATS
def test_random_bytes_in_the_file_end_in_one_kind_of_error(tmp_path: Path, read: Read, form: str) -> None:
    path, rng = write(form, tmp_path, [ecg()]), np.random.default_rng(0)
    stored = path.read_bytes()
    for _ in range(15):
        damaged = bytearray(stored)
        for at in rng.integers(0, 600, 8):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        said = ""
        try:
            assert np.isfinite(read(path, lead="II").recording.millivolts(0)).all()
        except EcgError as error:
            said = str(error)
        assert said == "" or (said.startswith(f"{path}: ") and "\n" not in said)


@pytest.mark.parametrize("root", ["AnnotatedECG", "RestingECG", "restingecgdata", "ECG"])
def test_entities_are_never_expanded(tmp_path: Path, read: Read, root: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    laughs = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(30))
    for number, entity in enumerate((f'<!ENTITY l0 "ha">{laughs}', f'<!ENTITY l30 SYSTEM "{secret.as_uri()}">')):
        path = tmp_path / f"{number}.xml"
        path.write_text(f'<?xml version="1.0"?><!DOCTYPE a [{entity}]><{root}><CHANNEL>&l30;</CHANNEL></{root}>')
        with pytest.raises(EcgError, match=rf"{path.name}: damaged.*entity declarations are not allowed"):
            read(path)


def test_lengths_that_the_file_does_not_have(tmp_path: Path, read: Read) -> None:
    path = scp(tmp_path / "a.scp", [ecg()])
    stored = bytearray(path.read_bytes())
    at = stored.index((1000).to_bytes(4, "little"))  # last sample of the first lead
    stored[at : at + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(stored)
    with pytest.raises(EcgError, match=r"a\.scp: damaged.*holds 1000 samples"):
        read(path)
    path = dicom(tmp_path / "a.dcm", [ecg()])
    stored = bytearray(path.read_bytes())
    at = stored.index(b":\x00\x10\x00UL\x04\x00") + 8  # number of samples
    stored[at : at + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(stored)
    with pytest.raises(EcgError, match=r"a\.dcm: damaged.*Waveform Data has 6000 bytes"):
        read(path)


def test_a_file_of_averaged_beats_alone_is_none_to_read(tmp_path: Path, read: Read) -> None:
    text = muse(tmp_path / "a.xml", [ecg()]).read_text()
    start = text.index("<Waveform><WaveformType>Rhythm")
    (tmp_path / "a.xml").write_text(text[:start] + "</RestingECG>")
    with pytest.raises(EcgError, match=r"a\.xml: .*No rhythm waveform"):
        read(tmp_path / "a.xml")


def test_other_xml_is_refused_with_what_is_read(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.xml").write_text("<?xml version='1.0'?><settings/>")
    with pytest.raises(EcgError, match=r"a\.xml: .*HL7 aECG, DICOM, SCP-ECG"):
        read(tmp_path / "a.xml")


@pytest.mark.parametrize("missing", ["ecgdatakit", "pydicom"])
def test_a_missing_package_is_named_with_the_extra_that_has_it(
    tmp_path: Path, read: Read, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = dicom(tmp_path / "a.dcm", [ecg()])
    real = builtins.__import__

    def without(name: str, *more: object) -> object:
        if name.split(".")[0] == missing:
            raise ImportError(f"No module named {name!r}")
        return real(name, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EcgError, match=r"a\.dcm: needs ecgdatakit: pip install 'ecg-experiments\[devices\]'"):
        read(path)


def test_warnings_of_the_readers_stay_inside(tmp_path: Path, read: Read, recwarn: pytest.WarningsRecorder) -> None:
    path = dicom(tmp_path / "a.dcm", [ecg()])
    stored = path.read_bytes()
    path.write_bytes(stored.replace(b"10008.1.2.1", b"10008.1.2.x"))
    assert read(path).notes == ()
    assert not list(recwarn)
