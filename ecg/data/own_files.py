"""A person's own recordings by their files: which labels belong to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecg.data.own_patients import is_table, patients_of
from ecg.errors import EcgError
from ecg.recordings.formats.find import Input, find_recordings
from ecg.recordings.formats.record_names import plain, record_names
from ecg.recordings.named_columns import read_named_columns
from ecg.recordings.wfdb_header import beside, read_header

TABLE = "csv"


@dataclass(frozen=True)
class LabelledFile:
    """A recording with its labels.

    Attributes:
        recording: to be read.
        labels: the file of its labels.
        patient: whose heart it is.
    """

    recording: Input
    labels: Path
    patient: str

    @property
    def parts(self) -> list[Path]:
        """Every file that its beats depend on, as far as they are there."""
        path = self.recording.path
        return [*(_record_files(path) if self.recording.form == "wfdb" else [path]), self.labels]


@dataclass(frozen=True)
class OwnFiles:
    """What a folder holds.

    Attributes:
        labelled: recordings with labels, in order.
        unlabelled: names of those without.
        skipped: files that look like recordings and are none, each with the reason.
    """

    labelled: tuple[LabelledFile, ...]
    unlabelled: tuple[str, ...]
    skipped: tuple[str, ...]


def find_own(folder: Path, labels: str, labels_folder: Path | None, patients: str) -> OwnFiles:
    """Look through a folder of recordings.

    Args:
        folder: of the recordings, or one recording.
        labels: `csv`, or a WFDB annotator.
        labels_folder: of the files of labels; None: each beside its recording.
        patients: from_name, from_folder, a CSV file of record and patient, or a pattern.

    Raises:
        EcgError: a folder or table does not exist, no recording has labels, one file of labels may belong to two
            recordings, or a labelled recording has no patient or two.
    """
    if not folder.exists() and beside(folder.with_name(f"{folder.name}.hea")) is None:
        raise EcgError(f"dataset.recordings={folder}: does not exist (looked for in {Path.cwd()})")
    if labels_folder is not None and not labels_folder.is_dir():
        raise EcgError(f"dataset.labels_folder={labels_folder}: is no folder (looked for in {Path.cwd()})")
    if labels_folder is not None and labels_folder.resolve() == folder.resolve():
        labels_folder = None
    found = find_recordings([folder])
    others = {Path(patients).expanduser().resolve()} if is_table(patients) else set()
    inputs = [one for one in found.inputs if not _within(one.path, labels_folder, folder)]
    if labels_folder is None:  # a table of labels that are numbers looks like a recording
        others |= {file.resolve() for one in inputs if (file := _beside(one, labels, inputs)) is not None}
    inputs = [one for one in inputs if one.path.resolve() not in others]
    names = record_names([(one.path, plain(one.path.stem)) for one in inputs])
    inputs = [one._replace(name=name) for one, name in zip(inputs, names, strict=True)]
    files = [
        _beside(one, labels, inputs) if labels_folder is None else _elsewhere(one, labels, labels_folder, folder)
        for one in inputs
    ]
    pairs = [(one, file) for one, file in zip(inputs, files, strict=True) if file is not None]
    if not pairs:
        raise _none_labelled(folder, inputs, labels, labels_folder)
    _check_one_owner(pairs)
    whose = patients_of([one for one, _ in pairs], patients, folder)
    others |= {file.resolve() for _, file in pairs}
    return OwnFiles(
        tuple(LabelledFile(one, file, patient) for (one, file), patient in zip(pairs, whose, strict=True)),
        tuple(one.record for one, file in zip(inputs, files, strict=True) if file is None),
        tuple(said for said in found.skipped if Path(said.partition(":")[0]).resolve() not in others),
    )


def _within(file: Path, labels_folder: Path | None, folder: Path) -> bool:
    """Whether a file lies among the labels, where these have a folder of their own within that of the recordings."""
    if labels_folder is None or folder.resolve().is_relative_to(labels_folder.resolve()):
        return False
    return file.resolve().is_relative_to(labels_folder.resolve())


def _beside(one: Input, labels: str, inputs: Sequence[Input]) -> Path | None:
    """The labels beside a recording: `rec.labels.csv`, or `rec.csv` where that is no recording itself; `rec.atr`."""
    folder, stem = one.path.parent, one.path.stem
    if labels != TABLE:
        return beside(folder / f"{stem}.{labels}")
    if (named := beside(folder / f"{stem}.labels.csv")) is not None:
        return named
    table = beside(folder / f"{stem}.csv")
    if table is None or table == one.path:
        return None
    is_recording = any(other.path == table for other in inputs)
    return None if is_recording and "label" not in read_named_columns(table) else table


def _elsewhere(one: Input, labels: str, labels_folder: Path, folder: Path) -> Path | None:
    """The labels of a recording in another folder: by its name as `ecg predict` makes it, or as the file is called."""
    below = one.path.parent.relative_to(folder) if folder.is_dir() else Path()
    endings = (".csv", ".labels.csv") if labels == TABLE else (f".{labels}",)
    for name in dict.fromkeys((one.record, one.path.stem)):
        for place in dict.fromkeys((labels_folder / below, labels_folder)):
            for ending in endings:
                if (file := beside(place / f"{name}{ending}")) is not None and file.resolve() != one.path.resolve():
                    return file
    return None


def _none_labelled(folder: Path, inputs: Sequence[Input], labels: str, labels_folder: Path | None) -> EcgError:
    first = inputs[0] if inputs else None
    name = "<record>" if first is None else first.record if labels_folder is not None else first.path.stem
    own_table = first is not None and labels_folder is None and first.path.suffix.lower() == ".csv"
    ending = "labels.csv" if labels == TABLE and own_table else labels
    place = labels_folder or (first.path.parent if first is not None else folder)
    many = "1 recording, without" if len(inputs) == 1 else f"{len(inputs)} recordings, none with"
    way = f"{place / f'{name}.{ending}'} does not exist; see dataset.labels and dataset.labels_folder"
    return EcgError(f"dataset.recordings={folder}: {many} labels; {way}")


def _check_one_owner(pairs: Sequence[tuple[Input, Path]]) -> None:
    owner: dict[Path, Input] = {}
    for one, file in pairs:
        if (other := owner.setdefault(file.resolve(), one)) is not one:
            way = f"give each its own: {other.record}{file.suffix} and {one.record}{file.suffix}"
            raise EcgError(f"{file}: may be the labels of {other.path} or of {one.path}; {way}")


def _record_files(header: Path) -> list[Path]:
    """The files of a WFDB record: its header, its signals, and those of its segments."""
    try:
        found = read_header(header)
    except EcgError:
        return [header]  # reading it will say why
    names = dict.fromkeys(signal.file for signal in found.signals)
    signals = [file for name in names if (file := beside(header.parent / name)) is not None]
    segments = dict.fromkeys(name for name, _ in found.segments if name != "~")
    below = (_record_files(file) for name in segments if (file := beside(header.parent / f"{name}.hea")) is not None)
    return [header, *signals, *(part for parts in below for part in parts)]
