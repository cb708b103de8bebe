"""A file of several strips becomes files of one strip each.

ecgdatakit reads only the first strip of a file. The container is all that is looked at here, in the formats where
there may be more.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

_AVERAGED = ("MEDIAN", "REPRESENTATIVE", "AVERAGE")  # in the label of a DICOM group: one beat, no strip


def split(path: Path, parser: str, folder: Path) -> list[Path]:
    """Files with one strip each, in the order of the file; the file itself where it has one.

    Args:
        path: the file.
        parser: name of the parser of ecgdatakit that reads it.
        folder: where to write.
    """
    ways = {"HL7aECGParser": _aecg, "GEMuseXMLParser": _muse, "DICOMWaveformParser": _dicom}
    return (list(ways[parser](path, folder)) if parser in ways else []) or [path]


def _aecg(path: Path, folder: Path) -> Iterator[Path]:
    """An aECG file per set of sequences of each rhythm series."""
    root = _tree(path)
    series = [one for one in root.findall("component/series") if _code(one) != "REPRESENTATIVE_BEAT"]
    parts = [(one, part) for one in series for part in one.findall("component") if part.find("sequenceSet") is not None]
    for number, (one, part) in enumerate(parts if len(parts) > 1 else ()):
        alone = _without(one, [other for other in one.findall("component") if other is not part])
        whole = _without(root, root.findall("component"))
        ET.SubElement(whole, "component").append(alone)
        yield _write(whole, folder / f"{number}.xml")


def _muse(path: Path, folder: Path) -> Iterator[Path]:
    """A MUSE file per waveform that is no median beat."""
    root = _tree(path)
    waves = [w for w in root.findall("Waveform") if w.findtext("WaveformType", "rhythm").strip().lower() == "rhythm"]
    for number, wave in enumerate(waves if len(waves) > 1 else ()):
        yield _write(_without(root, [other for other in waves if other is not wave]), folder / f"{number}.xml")


def _dicom(path: Path, folder: Path) -> Iterator[Path]:
    """A DICOM file per multiplex group that is no averaged beat."""
    import pydicom

    file = pydicom.dcmread(path)
    groups = [
        group
        for group in file.get("WaveformSequence") or ()
        if group.get("WaveformData") and not any(word in _label(group) for word in _AVERAGED)
    ]
    for number, group in enumerate(groups if len(groups) > 1 else ()):
        file.WaveformSequence = pydicom.Sequence([group])
        file.save_as(folder / f"{number}.dcm")
        yield folder / f"{number}.dcm"


def _tree(path: Path) -> ET.Element:
    """The root of an XML file, without namespaces; entities, which may expand without end, are refused."""
    from ecgdatakit.parsing.helpers.xml import parse_xml_root

    return parse_xml_root(path.read_bytes())


def _code(series: ET.Element) -> str:
    code = series.find("code")
    return "" if code is None else code.get("code", "").strip().upper()


def _label(group: Any) -> str:  # a `pydicom.Dataset`
    return str(group.get("MultiplexGroupLabel") or "").upper()


def _without(parent: ET.Element, children: list[ET.Element]) -> ET.Element:
    """A copy of an element that lacks some of its children; the others are shared."""
    rest = copy.copy(parent)
    for child in children:
        rest.remove(child)
    return rest


def _write(root: ET.Element, path: Path) -> Path:
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path
