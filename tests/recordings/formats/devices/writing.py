"""Small files of the devices' formats. Leads are integers by name, one step is 2.5 uV."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Leads = Mapping[str, np.ndarray]
STEP_UV = 2.5
_SCP = {"I": 1, "II": 2, "V1": 3}
_ISHNE = {"I": 5, "II": 6, "V1": 11}
ATC = {"I": b"ecg ", "II": b"ecg2", "V1": b"ecg7"}


def ecg(seconds: float = 4, fs: float = 250, shift: float = 0) -> dict[str, np.ndarray]:
    """Leads I, II and V1 with a pulse a second, different in height, in steps."""
    t = np.arange(round(seconds * fs)) / fs + shift
    pulse = np.exp(-(((t % 1) - 0.5) ** 2) / 0.0005) * 400 + 40 * np.sin(t)
    return {name: np.rint(pulse * height).astype(np.int16) for name, height in (("I", 0.5), ("II", 1), ("V1", -0.7))}


def _words(samples: np.ndarray) -> str:
    return base64.b64encode(samples.astype("<i2").tobytes()).decode()


def aecg(
    path: Path,
    strips: Sequence[Leads],
    fs: float = 250,
    unit: str = "uV",
    increment: str = "",
    origin: float = 0,
    one_series: bool = False,
) -> Path:
    """An HL7 aECG with a series, or a set of sequences, per strip, and an averaged beat beside the first."""
    time = f'<head value="20200101" /><increment value="{increment or repr(1 / fs)}" unit="s"/>'

    def sequences(leads: Leads) -> str:
        parts = [f'<component><sequence><code code="TIME_ABSOLUTE"/><value>{time}</value></sequence></component>']
        for name, samples in leads.items():
            scale = f'<origin value="{origin}" unit="{unit}"/><scale value="{STEP_UV}" unit="{unit}"/>'
            digits = " ".join(str(int(v)) for v in samples)
            value = f"<value>{scale}<digits>{digits}</digits></value>"
            code = f'<code code="MDC_ECG_LEAD_{name.upper()}"/>'
            parts.append(f"<component><sequence>{code}{value}</sequence></component>")
        return f"<component><sequenceSet>{''.join(parts)}</sequenceSet></component>"

    averaged = sequences({name: samples[:200] * 3 for name, samples in strips[0].items()})
    derived = f'<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>{averaged}</derivedSeries></derivation>'
    inside = [sequences(leads) + (derived if leads is strips[0] else "") for leads in strips]
    inside = ["".join(inside)] if one_series else inside
    series = [f'<component><series><code code="RHYTHM"/>{one}</series></component>' for one in inside]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<AnnotatedECG xmlns="urn:hl7-org:v3">'
    path.write_text(f"{head}{''.join(series)}</AnnotatedECG>", encoding="utf-8")
    return path


def muse(path: Path, strips: Sequence[Leads], fs: int = 250, unit: str = "MICROVOLTS") -> Path:
    """A GE MUSE file with a rhythm waveform per strip, after a median beat."""

    def waveform(kind: str, leads: Leads) -> str:
        rate = f"<SampleBase>{fs}</SampleBase><SampleExponent>0</SampleExponent>"
        data = "".join(
            f"<LeadData><LeadID>{name}</LeadID><LeadAmplitudeUnitsPerBit>{STEP_UV}</LeadAmplitudeUnitsPerBit>"
            f"<LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadSampleSize>2</LeadSampleSize>"
            f"<WaveFormData>{_words(samples)}</WaveFormData>"
            f"<LeadDataCRC32>{binascii.crc32(samples.astype('<i2').tobytes())}</LeadDataCRC32></LeadData>"
            for name, samples in leads.items()
        )
        return f"<Waveform><WaveformType>{kind}</WaveformType>{rate}{data}</Waveform>"

    median = waveform("Median", {name: samples[:200] * 3 for name, samples in strips[0].items()})
    rhythm = "".join(waveform("Rhythm", leads) for leads in strips)
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd"><RestingECG>{median}{rhythm}</RestingECG>'
    )
    return path


def philips(path: Path, strips: Sequence[Leads], fs: int = 250) -> Path:
    """A Philips file, version 1.04, without compression."""
    leads = strips[0]
    count = len(next(iter(leads.values())))
    wave = (
        f'<parsedwaveforms dataencoding="Base64" compressflag="False" durationperchannel="{count * 1000 / fs}" '
        f'numberofleads="{len(leads)}" leadlabels="{" ".join(leads)}" samplespersecond="{fs}" resolution="{STEP_UV}">'
        f"{_words(np.concatenate(list(leads.values())))}</parsedwaveforms>"
    )
    kind = "<documenttype>PhilipsECG</documenttype><documentversion>1.04</documentversion>"
    text = f"<restingecgdata><documentinfo>{kind}</documentinfo><waveforms>{wave}</waveforms></restingecgdata>"
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def mortara(path: Path, strips: Sequence[Leads], fs: int = 250) -> Path:
    """A Mortara ELI file, with a typical cycle."""
    form = f'UNITS_PER_MV="{1000 / STEP_UV:g}" SAMPLE_FREQ="{fs}" BITS="16" FORMAT="SIGNED" ENCODING="BASE64"'
    channels = "".join(
        f'<CHANNEL NAME="{name}" OFFSET="0" DURATION="{len(samples)}" {form} DATA="{_words(samples)}"/>'
        for name, samples in strips[0].items()
    )
    beats = "".join(f'<TYPICAL_CYCLE_CHANNEL NAME="{n}" DATA="{_words(s[:200] * 3)}"/>' for n, s in strips[0].items())
    cycle = f"<TYPICAL_CYCLE {form}>{beats}</TYPICAL_CYCLE>"
    path.write_text(f'<?xml version="1.0"?><ECG ACQUISITION_TIME="20200101000000">{cycle}{channels}</ECG>')
    return path


def dicom(path: Path, strips: Sequence[Leads], fs: float = 250, padding: int | None = None, unit: str = "uV") -> Path:
    """A DICOM file with a multiplex group per strip, and a group of median beats after them."""
    from pydicom import Dataset, FileMetaDataset
    from pydicom import Sequence as Items
    from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

    def code(value: str, meaning: str) -> Items:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "X", meaning
        return Items([item])

    def group(label: str, leads: Leads) -> Dataset:
        channels = []
        for name in leads:
            channel = Dataset()
            channel.ChannelSourceSequence = code("0", f"Lead {name}")
            channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = 2.5, 1, 0
            channel.ChannelSensitivityUnitsSequence = code(unit, unit)
            channel.WaveformBitsStored = 16
            channels.append(channel)
        made = Dataset()
        made.MultiplexGroupLabel, made.SamplingFrequency = label, fs
        made.NumberOfWaveformChannels = len(leads)
        made.NumberOfWaveformSamples = len(next(iter(leads.values())))
        made.ChannelDefinitionSequence = Items(channels)
        made.WaveformBitsAllocated, made.WaveformSampleInterpretation = 16, "SS"
        if padding is not None:
            made.add_new("WaveformPaddingValue", "OW", struct.pack("<h", padding))
        made.add_new("WaveformData", "OW", np.stack(list(leads.values()), axis=1).astype("<i2").tobytes())
        return made

    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID = TwelveLeadECGWaveformStorage
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID = generate_uid()
    file.PatientName, file.PatientID = "Doe^Jane", "secret"
    beats = {name: samples[:200] * 3 for name, samples in strips[0].items()}
    groups = [group("RHYTHM", leads) for leads in strips]
    file.WaveformSequence = Items([*groups, group("MEDIAN BEAT", beats)])
    file.save_as(path, enforce_file_format=True)
    return path


def scp(path: Path, strips: Sequence[Leads], fs: int = 250) -> Path:
    """An SCP-ECG file, samples as they are; reference beats in section 5 are not subtracted from them."""
    leads = strips[0]
    count = len(next(iter(leads.values())))

    def section(number: int, body: bytes) -> bytes:
        body += b"\0" * (len(body) % 2)
        head = struct.pack("<HIBB6s", number, len(body) + 16, 20, 20, b"" if number else b"SCPECG")
        return struct.pack("<H", binascii.crc_hqx(head + body, 0xFFFF)) + head + body

    def samples(values: Sequence[np.ndarray]) -> bytes:
        head = struct.pack("<HHBB", round(STEP_UV * 1000), round(1e6 / fs), 0, 0)
        sizes = struct.pack(f"<{len(values)}H", *(2 * len(v) for v in values))
        return head + sizes + b"".join(v.astype("<i2").tobytes() for v in values)

    definition = bytes([len(leads), 0x04 | len(leads) << 3])
    definition += b"".join(struct.pack("<IIB", 1, count, _SCP[name]) for name in leads)
    parts = {
        3: section(3, definition),
        5: section(5, samples([s[:200] * 3 for s in leads.values()])),
        6: section(6, samples(list(leads.values()))),
    }
    at = 7 + 16 + 10 * 12
    pointers = struct.pack("<HII", 0, 16 + 10 * 12, 7)
    for number in range(1, 12):
        size = len(parts.get(number, b""))
        pointers += struct.pack("<HII", number, size, at if size else 0)
        at += size
    rest = section(0, pointers) + b"".join(parts.values())
    rest = struct.pack("<I", len(rest) + 6) + rest
    path.write_bytes(struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest)
    return path


def ishne(path: Path, strips: Sequence[Leads], fs: int = 250) -> Path:
    """An ISHNE Holter file."""
    leads = list(strips[0].items())

    def twelve(values: Sequence[int]) -> bytes:
        return struct.pack("<12h", *values, *[-9] * (12 - len(values)))

    fixed = struct.pack("<iiiih", 0, len(leads[0][1]), 522, 522, 1).ljust(146, b"\0") + struct.pack("<h", len(leads))
    fixed += twelve([_ISHNE[name] for name, _ in leads]) + twelve([0] * len(leads))
    fixed += twelve([round(STEP_UV * 1000)] * len(leads)) + struct.pack("<h", 0)
    fixed = fixed.ljust(262, b"\0") + struct.pack("<h", fs)
    fixed = fixed.ljust(512, b"\0")
    data = np.stack([samples for _, samples in leads], axis=1).astype("<i2").tobytes()
    path.write_bytes(b"ISHNE1.0" + struct.pack("<H", binascii.crc_hqx(fixed, 0xFFFF)) + fixed + data)
    return path


def mfer(path: Path, strips: Sequence[Leads], fs: int = 250) -> Path:
    """An MFER file, little-endian, a block of all samples for each channel."""
    leads = strips[0]
    count = len(next(iter(leads.values())))

    def item(tag: int, value: bytes) -> bytes:
        size = bytes([len(value)]) if len(value) < 128 else b"\x84" + struct.pack(">I", len(value))
        return bytes([tag]) + size + value

    data = b"".join(samples.astype("<i2").tobytes() for samples in leads.values())
    channels = b"".join(
        bytes([0x3F, i]) + bytes([3, 0x09, 1, _SCP[name]])
        for i, name in enumerate(leads)  # lead codes as SCP-ECG
    )
    head = item(0x40, b"MFR ".ljust(32)) + item(0x01, b"\x01") + item(0x04, struct.pack("<I", count))
    head += item(0x05, bytes([len(leads)])) + item(0x06, b"\x01") + item(0x0A, b"\x00")
    head += item(0x0B, struct.pack("<BbH", 0, 0, fs)) + item(0x0C, struct.pack("<BbH", 0, -7, round(STEP_UV * 10)))
    path.write_bytes(head + channels + item(0x1E, data) + b"\x80\x00")
    return path


def atc(path: Path, strips: Sequence[Leads], fs: int = 250, flags: int = 0, more: bytes = b"") -> Path:
    """An .atc file of AliveCor, with an averaged beat."""
    leads = strips[0]
    blocks = atc_block(b"info", bytes(264)) + atc_block(b"fmt ", struct.pack("<BHHBH", 1, fs, 2500, flags, 0))
    blocks += b"".join(atc_block(ATC[name], samples.astype("<i2").tobytes()) for name, samples in leads.items())
    blocks += atc_block(b"avg ", (leads["I"][:200] * 3).astype("<i2").tobytes())
    path.write_bytes(b"ALIVE\0\0\0" + struct.pack("<I", 4) + blocks + more)
    return path


def atc_block(name: bytes, data: bytes) -> bytes:
    """A block with its checksum."""
    block = name + struct.pack("<I", len(data)) + data
    return block + struct.pack("<I", sum(block))


CARTS = {
    "aecg": (aecg, ".xml"),
    "muse": (muse, ".xml"),
    "philips": (philips, ".xml"),
    "mortara": (mortara, ".xml"),
    "dicom": (dicom, ".dcm"),
    "scp": (scp, ".scp"),
    "ishne": (ishne, ".ecg"),
    "mfer": (mfer, ".mwf"),
}
"""Writers by format, with the usual ending."""
