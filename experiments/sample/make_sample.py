"""Write the MIT-BIH recordings that ship with ecg: one lead of a few records, as they are in the database.

python experiments/sample/make_sample.py --data-dir path/to/data
"""

from __future__ import annotations

import argparse
from pathlib import Path

import wfdb

from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.databases.sample import FOLDER, LEAD, SAMPLE


def main(data_dir: Path) -> None:
    """Write RECORDS and, for each record, header, signal and the annotation file byte by byte."""
    for record in SAMPLE.records:
        source = data_dir / MITDB.name / record
        whole = wfdb.rdrecord(str(source), physical=False)
        row = whole.sig_name.index(LEAD)
        wfdb.wrsamp(
            record,
            fs=whole.fs,
            units=[whole.units[row]],
            sig_name=[LEAD],
            d_signal=whole.d_signal[:, [row]],
            fmt=["212"],
            adc_gain=[whole.adc_gain[row]],
            baseline=[whole.baseline[row]],
            comments=whole.comments,
            write_dir=str(FOLDER),
        )
        (FOLDER / f"{record}.atr").write_bytes(source.with_suffix(".atr").read_bytes())
    (FOLDER / "RECORDS").write_text("\n".join(SAMPLE.records) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="Holds mitdb/.")
    main(parser.parse_args().data_dir)
