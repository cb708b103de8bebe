"""The learnt detector beside others: Se and +P on patients never seen, in noise, and the time that each takes.

python experiments/rpeaks/compare.py --data-dir path/to/data --swapped outputs/SWAPPED_RUN
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ecg.atomic import whole_file, whole_text
from ecg.beats.resampling import filled, lead_millivolts, resample
from ecg.beats.rpeaks import Detector, detector
from ecg.metrics.rpeaks import LEADS, Detected, detected, peak_scores
from ecg.recordings.databases import MITDB, NSTDB, SVDB, BeatDatabase
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Annotations, Recording

HERE = Path(__file__).parent
START, STOP = "<!-- written by compare.py -->", "<!-- end of what compare.py writes -->"
NOISES_DB = (12, 6, 0)
NOISY_S = (600.0, 900.0)
"""The part of each DS2 record that noise is added to, in s."""
SLOW = ("others.gqrs",)
"""A day would take ten minutes and more; it is not timed."""
DAY_S = 86_400
HEAD = (
    "| detector | tested on | beats | Se % | +P % | missed | extra | median ms | beyond 25 ms % |",
    "|---|---|---:|---:|---:|---:|---:|---:|---:|",
)


def main() -> None:
    """Every detector on every test set; results.csv has a row for each record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--swapped", help="run folder of experiment=rpeaks 'dataset.swapped=[mitdb]'")
    parser.add_argument(
        "--detectors", nargs="+", default=["learnt", "sleepecg", "others.xqrs", "others.neurokit", "others.gqrs"]
    )
    arguments = parser.parse_args()
    rows, table = [], []
    for name in arguments.detectors:
        find = detector(name)
        for what, found in _tested(name, find, arguments.data_dir, arguments.swapped):
            values = peak_scores(found)
            rows += [{"detector": find.name, "tested on": what, **_row(one)} for one in found]
            table.append(_line(name, what, values))
            print(table[-1], flush=True)
    with whole_file(HERE / "compare.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.6g")
    readme = HERE / "README.md"
    times = [_day(name, arguments.data_dir) for name in arguments.detectors if name not in SLOW]
    before, _, rest = readme.read_text(encoding="utf-8").partition(START)
    after = rest.partition(STOP)[2]
    made = "\n".join([START, *HEAD, *table, "", *times, STOP])
    whole_text(readme, before + made + after)


Tested = tuple[str, Sequence[Detected]]


def _tested(name: str, find: Detector, data_dir: Path, swapped: str | None) -> list[Tested]:
    ds2 = _clean(find, MITDB, data_dir, MITDB.test)
    paced = _clean(find, MITDB, data_dir, MITDB.left_out)
    found: list[Tested] = [("DS2", ds2), ("paced", paced)]
    other = detector(swapped) if name == "learnt" and swapped else find
    if name != "learnt" or swapped:
        ds1 = _clean(other, MITDB, data_dir, MITDB.train)
        found += [("DS1", ds1), ("MIT-BIH, all 48", [*ds1, *ds2, *paced])]
    found.append(("svdb, test records", _clean(find, SVDB, data_dir, SVDB.test)))
    noise, fs = NSTDB.read(data_dir / NSTDB.name, "ma")
    unseen = noise[0, noise.shape[1] // 2 :]
    for db in NOISES_DB:
        found.append((f"DS2 + muscle noise, {db} dB", _noisy(find, data_dir, resample(unseen, fs, 360.0), db)))
    return found


def _clean(find: Detector, database: BeatDatabase, data_dir: Path, records: Sequence[str]) -> list[Detected]:
    return [_detect(find, database.read(data_dir / database.name, record), lambda signal: signal) for record in records]


def _noisy(find: Detector, data_dir: Path, noise: np.ndarray, db: float) -> list[Detected]:
    """Five minutes of each DS2 record with noise of that signal-to-noise ratio, as nst of WFDB defines it."""
    found = []
    for record in MITDB.test:
        part = _part(MITDB.read(data_dir / MITDB.name, record), *NOISY_S)
        marks = part.annotations.sample[part.annotations.beats]

        def spoiled(signal: np.ndarray, marks: np.ndarray = marks, fs: float = part.fs) -> np.ndarray:
            reach = round(0.05 * fs)
            spans = [np.ptp(signal[max(at - reach, 0) : at + reach]) for at in marks]
            power = np.mean(np.sort(spans)[len(spans) // 20 : -max(len(spans) // 20, 1)]) ** 2 / 8
            piece = noise[: len(signal)] - noise[: len(signal)].mean()
            return signal + piece * np.sqrt(power / np.mean(piece**2) / 10 ** (db / 10))

        found.append(_detect(find, part, spoiled))
    return found


def _part(recording: Recording, start: float, stop: float) -> Recording:
    first, last, marks = round(start * recording.fs), round(stop * recording.fs), recording.annotations
    inside = (marks.sample >= first) & (marks.sample < last)
    kept = Annotations(marks.sample[inside] - first, marks.symbol[inside])
    return replace(recording, digital=recording.digital[:, first:last], annotations=kept)


def _detect(find: Detector, recording: Recording, change: Callable[[np.ndarray], np.ndarray]) -> Detected:
    lead = with_leads(recording, LEADS)
    found = find(change(filled(lead_millivolts(lead, 0))), lead.fs)
    return detected(recording.record, recording.annotations, found.sample, recording.fs)


def _row(one: Detected) -> dict[str, object]:
    return {"record": one.record, **peak_scores([one])}


def _line(name: str, what: str, values: Mapping[str, float]) -> str:
    beats = f"{values['matched'] + values['missed']:,.0f}"
    scores = " | ".join(f"{100 * values[key]:.2f}" for key in ("se", "ppv"))
    counts = f"{values['missed']:,.0f} | {values['extra']:,.0f}"
    off = f"{values['offset_ms/median']:.1f} | {100 * values['offset/beyond_25_ms']:.2f}"
    return f"| {name} | {what} | {beats} | {scores} | {counts} | {off} |"


def _day(name: str, data_dir: Path) -> str:
    """Time for a day at 360 Hz, DS2's records one after the other, in CPU s of one thread."""
    import torch

    torch.set_num_threads(1)
    parts = [filled(lead_millivolts(with_leads(MITDB.read(data_dir / MITDB.name, r), LEADS), 0)) for r in MITDB.test]
    day = np.resize(np.concatenate(parts), DAY_S * 360)
    find, hour = detector(name), 3600 * 360
    find(day[: 60 * 360], 360.0)
    began = time.process_time()
    for start in range(0, len(day), hour):
        find(day[start : start + hour], 360.0)
    return f"- {name}: a day at 360 Hz, in pieces of an hour, takes {time.process_time() - began:.1f} CPU s."


if __name__ == "__main__":
    main()
