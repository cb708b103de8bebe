"""Recordings of MIT-BIH that ship with ecg, so that it can be tried on real hearts without a download."""

from dataclasses import replace
from pathlib import Path

from ecg.recordings.databases.mitdb import DS1, DS2, MITDB

FOLDER = Path(__file__).parent
"""Holds them, with their licence (ODC-By 1.0) and citation beside them."""
LEAD = "MLII"
"""The only lead that was kept; see `experiments/sample/make_sample.py`."""
RECORDS = ("106", "119", "200", "201", "209", "220", "222", "223", "233")
"""Chosen for their ectopic beats: of DS1 six that train, of DS2 three that test."""
UNSEEN = "233"
"""A test record, for showing how a recording is labelled."""

SAMPLE = replace(
    MITDB,  # same name: whose hearts these are is asked by it
    title="Nine recordings of the MIT-BIH Arrhythmia Database, one lead",
    n_records=len(RECORDS),
    n_bytes=0,
    records=RECORDS,
    train=tuple(record for record in RECORDS if record in DS1),
    test=tuple(record for record in RECORDS if record in DS2),
    left_out=(),
    dominant=(),
)
