"""The MIT-BIH Supraventricular Arrhythmia Database."""

from ecg.recordings.databases.base import BeatDatabase

RECORDS = tuple(map(str, (*range(800, 813), *range(820, 830), *range(840, 895))))

SVDB = BeatDatabase(
    name="svdb",
    version="1.0.0",
    title="MIT-BIH Supraventricular Arrhythmia Database",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Greenwald SD, Patil RS, Mark RG. Improved detection and classification of arrhythmias in noise-corrupted "
        "electrocardiograms using contextual information. Computers in Cardiology 17:461-464 (1990)"
    ),
    doi="10.13026/C2V30W",
    n_records=78,
    n_bytes=54_000_000,
    records=RECORDS,
    test=RECORDS[1::3],  # every third: nobody has published a split, and this rule does not change
    loose_marks=True,
    calibrated=False,  # 37 headers give gain 0
)
