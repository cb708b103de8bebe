"""The MIT-BIH Arrhythmia Database."""

from __future__ import annotations

from ecg.recordings.databases.base import BeatDatabase, Dominant

# fmt: off
DS1 = ("101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124",
       "201", "203", "205", "207", "208", "209", "215", "220", "223", "230")
"""Training records of de Chazal et al. 2004 (doi 10.1109/TBME.2004.827359)."""
DS2 = ("100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210", "212",
       "213", "214", "219", "221", "222", "228", "231", "232", "233", "234")
"""Their test records."""
# fmt: on
PACED = ("102", "104", "107", "217")
"""In neither, as EC57 asks."""
SAME_SUBJECT = ("201", "202")
"""One man, in two subsets of DS1/DS2 (PhysioNet, mitdb directory)."""
SAME_SUBJECT_LINE = "Records 201 (DS1) and 202 (DS2) are one subject; dataset.strict_subjects=true leaves 201 out."


def _patient(record: str) -> str:
    return "201" if record == "202" else record


MITDB = BeatDatabase(
    name="mitdb",
    version="1.0.0",
    title="MIT-BIH Arrhythmia Database",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol 20(3):45-50 (2001)"
    ),
    doi="10.13026/C2F305",
    n_records=48,
    n_bytes=93_857_258,
    records=tuple(sorted((*DS1, *DS2, *PACED))),
    patient=_patient,
    train=DS1,
    test=DS2,
    left_out=PACED,
    split_note=SAME_SUBJECT_LINE,
    dominant=(Dominant("232", "S", "75 % of DS2's S beats are record 232's."),),
)
