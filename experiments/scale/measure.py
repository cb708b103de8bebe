"""How time and memory grow with the number of recordings. Writes results.csv and the table of README.md beside it.

    python experiments/scale/measure.py --work path/to/an/empty/folder

`--recordings 10 100` measures these alone; 4150 of them are 10 million beats, and take 20 GB of the folder. What is
measured once is not measured again while its row is in results.csv.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
START, END = "<!-- written by measure.py -->", "<!-- end of what measure.py writes -->"
STEPS, ROUNDS, BATCH = 20, 5, 256
IN_MEMORY = 100_000
"""Beats of the loop that is compared with: all of them in memory."""
COLUMNS = {
    "recordings": "recordings", "beats": "beats", "table_gb": "table on disk, GB", "prepare_s": "prepare, s",
    "prepare_gb": "own memory meanwhile, GB", "open_s": "open what is prepared, s",
    "train_gb": "own memory in training, GB",
    "ratio": "loop against beats in memory",
}  # fmt: skip


def own_memory(pids: list[int]) -> int:
    """Bytes that these processes hold themselves, without the pages of files that the system keeps for them."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        except OSError:  # it has ended
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
    return total


def family() -> list[int]:
    """This process and those that it has started."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    return [os.getpid(), *map(int, children)]


class Peak(threading.Thread):
    """Watches how much memory is used at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes, self.done = 0, False
        self.start()

    def run(self) -> None:
        """Look four times a second."""
        while not self.done:
            self.bytes = max(self.bytes, own_memory(family()))
            time.sleep(0.25)

    def stop(self) -> float:
        """The most until now, in GB."""
        self.done = True
        self.join()
        return round(self.bytes / 1e9, 2)


def prepare(cache: Path) -> dict[str, float]:
    """Seconds and memory of the first look at the recordings."""
    data = module(cache)
    peak, start = Peak(), time.perf_counter()
    data.prepare_data()
    seconds = time.perf_counter() - start
    return {"prepare_s": round(seconds, 1), "prepare_gb": peak.stop()}


def train(cache: Path) -> dict[str, float]:
    """Seconds until training can begin, its memory, and its speed against a loop over beats in memory."""
    from itertools import islice

    import numpy as np
    import torch

    from ecg.data.batches import BatchOrder, BeatTensors, batches
    from ecg.models import cnn
    from ecg.training import BeatClassifier
    from ecg.training.processor import keep_freed_memory

    keep_freed_memory()
    peak, start = Peak(), time.perf_counter()
    data = module(cache)
    data.prepare_data()
    data.setup("fit")
    opened = time.perf_counter() - start
    classifier = BeatClassifier(cnn(input_shape=data.info.shape, n_classes=5), augment=None)
    data.serve(classifier.model)
    optimizer = torch.optim.AdamW(classifier.parameters(), fused=True)

    def beats_per_s(loader: object) -> float:
        begun = time.perf_counter()
        for inputs, y in islice(loader, STEPS):  # type: ignore[call-overload]
            loss = torch.nn.functional.cross_entropy(classifier(inputs), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return STEPS * BATCH / (time.perf_counter() - begun)

    all_of_them = data.train_dataloader()
    few = np.sort(data.split.train[:IN_MEMORY])
    inputs = {name: torch.from_numpy(values[few]) for name, values in data.inputs.items()}
    held = batches(
        BeatTensors(inputs, torch.from_numpy(data.beats.y[few])), BatchOrder(len(few), BATCH, shuffle=True, seed=0)
    )
    beats_per_s(held)
    ratios = []
    for epoch in range(ROUNDS):
        for loader in (all_of_them, held):
            loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        ratios.append(beats_per_s(all_of_them) / beats_per_s(held))
    ratios.sort()
    return {
        "beats": len(data.beats), "open_s": round(opened, 1), "train_gb": peak.stop(),
        "ratio": round(ratios[ROUNDS // 2], 3), "lowest": round(ratios[0], 3), "highest": round(ratios[-1], 3),
    }  # fmt: skip


def module(cache: Path):
    """The recordings, divided by patient."""
    from many import MANY

    from ecg.data import ArrhythmiaDataModule

    return ArrhythmiaDataModule(databases=[MANY], split="patients", cache_dir=cache, data_dir=cache)


def measured(recordings: int, work: Path) -> dict[str, float]:
    """A row: both steps, each in a process of its own."""
    cache = work / f"many-{recordings}"
    row: dict[str, float] = {"recordings": recordings}
    for step in ("prepare", "train"):
        command = [sys.executable, __file__, "--step", step, "--work", str(cache)]
        one = {"OMP_NUM_THREADS": "1"} if step == "train" else {}  # two threads would wait for what else runs
        settings = {**os.environ, "MANY": str(recordings), **one}
        run = subprocess.run(command, env=settings, stdout=subprocess.PIPE, check=True)
        row |= json.loads(run.stdout.decode().splitlines()[-1])
    row["table_gb"] = round(sum(path.stat().st_size for path in cache.glob("beats-*")) / 1e9, 2)
    for path in cache.glob("beats-*"):
        path.unlink()
    return row


def main() -> None:
    """Measure what has no row yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--recordings", type=int, nargs="+", default=[10, 50, 200, 500, 2000, 4150])
    parser.add_argument("--step", choices=("prepare", "train"))
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    if asked.step:
        print(json.dumps({"prepare": prepare, "train": train}[asked.step](asked.work)))
        return
    path = HERE / "results.csv"
    rows = pd.read_csv(path).to_dict("records") if path.is_file() else []
    for recordings in asked.recordings:
        if not any(row["recordings"] == recordings for row in rows):
            rows.append(measured(recordings, asked.work))
            pd.DataFrame(rows).sort_values("recordings").to_csv(path, index=False)
    table = pd.DataFrame(rows).sort_values("recordings")
    lines = [f"| {' | '.join(COLUMNS.values())} |", "|" + "---:|" * len(COLUMNS)]
    lines += [f"| {' | '.join(f'{row[key]:,}' for key in COLUMNS)} |" for row in table.to_dict("records")]
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    readme.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
