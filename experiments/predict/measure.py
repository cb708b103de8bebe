"""How fast is `ecg predict`, and where does the time go? Writes day_MODEL.csv and a table into README.md.

python experiments/predict/measure.py --data-dir path/to/data [--weights path/to/run]
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import torch
from day import write_day
from readme_part import rewrite
from ways import BATCHES, FIRST, LIMIT, LIMIT_ALL, NO_GRAD, OURS, one_round

from ecg.atomic import whole_file
from ecg.beats.rpeaks import detector
from ecg.predict.examine import Examined, examine
from ecg.predict.files import write_files
from ecg.predict.labelled import label_beats, segmented_beats
from ecg.predict.page import record_page
from ecg.predict.summary import summary
from ecg.predict.trust import trust
from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own
from ecg.runs.shipped import DEFAULT
from ecg.runs.weights import Weights, load_weights
from ecg.training.inference import probabilities

HERE = Path(__file__).parent
HEADS = ("what", "value", "unit", "share of the whole %", "spread", "target", "met")
LEAST_RATIO = 20.0
T = TypeVar("T")
Row = dict[str, str]


def timed(work: Callable[[], T], repeats: int) -> tuple[T, list[float]]:
    """What `work` gives, and the seconds it took each time."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        out = work()
        seconds.append(time.perf_counter() - start)
    return out, seconds


def row(what: str, values: list[float], unit: str, *, whole: float = 0.0, target: str = "") -> Row:
    """One line of the table: the median and its spread; `target` is such as `< 60`."""
    value = statistics.median(values)
    spread = f"{min(values):.3g} to {max(values):.3g}" if len(values) > 1 else ""
    share = f"{100 * value / whole:.1f}" if whole else ""
    met = ""
    if target:
        sign, bound = target.split()
        met = "yes" if (value < float(bound) if sign == "<" else value >= float(bound)) else "no"
    line = dict(zip(HEADS, (what, f"{value:.3g}", unit, share, spread, target, met), strict=True))
    print("  ".join(part for part in line.values() if part), flush=True)
    return line


def stages(record: Path, weights: Weights, repeats: int) -> tuple[list[Row], OwnRecording, Examined]:
    """Seconds of each stage, and of the whole, in this process."""
    source, asked = find_inputs([record])[0], Asked(preferred=weights.info.leads)
    known = trust(weights)
    own, reading = timed(lambda: read_own(source, asked), repeats)
    find = detector()
    examined, finding = timed(lambda: examine(own, find), repeats)
    signal = own.recording.millivolts(0)[: round(3600 * own.recording.fs)]
    _, hour = timed(lambda: find(signal, own.recording.fs), repeats)
    detecting = [s * own.recording.n_samples / len(signal) for s in hour]
    (beats, _), segmenting = timed(lambda: segmented_beats(own.recording, examined, weights.segmentation), repeats)
    _, labelling = timed(lambda: probabilities(weights.model, beats), repeats)
    labelled = label_beats(own, weights)
    content = summary(labelled, known, None, ())
    html, drawing = timed(lambda: record_page(labelled, content, known, None, ()), repeats)
    with tempfile.TemporaryDirectory() as out:
        _, writing = timed(lambda: write_files(Path(out), labelled, content, html), repeats)
    parts = {
        "reading": reading,
        "R peaks and signal quality": finding,
        "segmenting beats": segmenting,
        "labelling them": labelling,
        "summary and page": drawing,
        "writing files": writing,
    }
    whole = sum(statistics.median(values) for values in parts.values())
    rows = [row(name, values, "s", whole=whole) for name, values in parts.items()]
    rows.append(row("all stages together", [whole], "s", whole=whole))
    both = [a + b for a, b in zip(reading, detecting, strict=True)]
    rows.append(row("reading and R-peak detection alone (one hour measured, extrapolated)", both, "s", whole=whole))
    rows.append(row("all stages / reading alone", [whole / statistics.median(reading)], "times"))
    rows.append(row("all stages / reading and R-peak detection alone", [whole / statistics.median(both)], "times"))
    rows.append(row("size of the page", [len(html) / 1e6], "MB"))
    return rows, own, examined


def process(record: Path, weights: Path) -> tuple[float, float]:
    """Seconds and peak memory in GB of a whole `ecg predict`, imports included."""
    with tempfile.TemporaryDirectory() as out:
        words = ["-m", "ecg", "predict", str(record), "--weights", str(weights), "--out", str(Path(out) / "out")]
        start = time.perf_counter()
        child = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        assert status == 0, f"ecg predict ended with status {status}"
        return time.perf_counter() - start, used.ru_maxrss / 1e6


def ways_compared(own: OwnRecording, examined: Examined, weights: Weights, count: int, repeats: int) -> list[Row]:
    """The ways to label, round by round, and how many times as long as ours each takes."""
    rounds = [one_round(own, examined, weights, count) for _ in range(repeats)]
    sampled = f" ({count} beats measured, extrapolated to all)"
    rows = [
        row(f"{what}{sampled if what in (FIRST, NO_GRAD) else ''}", [one[what] for one in rounds], "s")
        for what in rounds[0]
    ]
    for above in (FIRST, NO_GRAD, BATCHES):
        target = f">= {LEAST_RATIO:g}" if above == FIRST else ""
        rows.append(row(f"{above} / {OURS}", [one[above] / one[OURS] for one in rounds], "times", target=target))
    limit = LIMIT if LIMIT in rounds[0] else LIMIT_ALL
    rows.append(row(f"{FIRST} / {limit}", [one[FIRST] / one[limit] for one in rounds], "times"))
    return rows


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table."""
    head = [f"| {' | '.join(HEADS)} |", "|---|---:|---|---:|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(line.values())} |" for line in rows)])


def main() -> None:
    """Measure a day; takes about five minutes on two cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="holds mitdb/, the recordings of MIT-BIH")
    parser.add_argument("--weights", type=Path, default=Path(DEFAULT), help="a run folder or a weights file")
    parser.add_argument("--hours", type=float, default=24.0, help="length of the recording")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="half an hour, once; nothing is kept")
    options = parser.parse_args()
    hours, repeats = (0.5, 1) if options.quick else (options.hours, options.repeats)
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > 0.2 * cores:
        print(f"warning: load {load:.1f} on {cores} cores: something else is running, so the numbers mean little")
    with tempfile.TemporaryDirectory() as folder:
        record = write_day(options.data_dir / "mitdb", Path(folder), hours)
        wholes = [process(record, options.weights) for _ in range(repeats)]
        day = hours >= 24
        rows = [
            row("`ecg predict`, whole process", [s for s, _ in wholes], "s", target="< 25" if day else ""),
            row("its peak memory", [gb for _, gb in wholes], "GB", target="< 1.2" if day else ""),
        ]
        weights = load_weights(options.weights)
        more, own, examined = stages(record, weights, repeats)
        rows += more
        if weights.model.beats == 1:  # others cannot be labelled beat by beat
            rows += ways_compared(own, examined, weights, 200 if options.quick else 2000, repeats)
    name = weights.settings["name"]
    facts = (
        f"Recording: {own.recording.seconds / 3600:.1f} h at {own.recording.fs:g} Hz, {len(examined.peaks):,} R peaks, "
        f"two leads in the file, one read. Model: {name}. {cores} cores, torch {torch.__version__} on "
        f"{torch.get_num_threads()} threads. Medians of {repeats}; load before the start: {load:.2f}."
    )
    print(f"\n{markdown(rows)}\n\n{facts}")
    if options.quick:
        return
    with whole_file(HERE / f"day_{name}.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, HEADS)
        writer.writeheader()
        writer.writerows(rows)
    rewrite(HERE / "README.md", f"measure.py, model {name}", f"{markdown(rows)}\n\n{facts}")


if __name__ == "__main__":
    main()
