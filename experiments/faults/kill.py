"""Kills trainings, sweeps and searches at random moments, and compares what they end with to undisturbed ones.

    python experiments/faults/kill.py --work path/to/an/empty/folder

Writes results.csv and the table of README.md beside it. Everything is simulated and small: what counts is when the
process dies. The moments depend on --seed alone, and on how fast the machine is.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent
TRAIN = HERE.parent.parent / "train.py"
START, END = "<!-- written by kill.py -->", "<!-- end of what kill.py writes -->"
USUAL = (
    "dataset.source=synthetic", "+dataset.synthetic.patients=12", "+dataset.synthetic.minutes=0.5", "model=kachuee",
    "dataset.batch_size=32", "dataset.split=patients", "trainer.max_epochs=4", "logger=none", "bootstrap=20",
)  # fmt: skip
KINDS = {
    "training": (*USUAL, "seed=3"),
    "sweep": ("-m", "dataset=mi", *USUAL, "transfer.trainable_layers=1,2,7"),
    "search": ("-m", *USUAL, "hparams_search=optuna", "optimizer.lr=interval(1e-3,1e-2)", "hydra.sweeper.n_trials=4"),
}
KILLS = {"training": 20, "sweep": 20, "search": 10}
PATIENCE = 8
"""Attempts after which one is left alone, so that every round ends."""


@dataclass
class Round:
    """One command in one folder, begun again after each kill until it ends by itself.

    Attributes:
        kind: a key of KINDS.
        folder: where it runs.
        kills: how often it was killed.
        problems: what should not have been said or left behind.
    """

    kind: str
    folder: Path
    kills: int = 0
    problems: list[str] = field(default_factory=list)

    def attempt(self, seconds: float | None) -> bool:
        """Start it, or go on; kill it after so many seconds. Whether it ended by itself."""
        anew = [*KINDS[self.kind], f"cache_dir={self.folder / 'cache'}"]
        words = [sys.executable, str(TRAIN), *(self._going_on() or anew)]
        with (self.folder / "said.txt").open("a", encoding="utf-8") as said:
            process = subprocess.Popen(words, cwd=self.folder, stdout=said, stderr=said, start_new_session=True)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self.kills += 1
                return False
        if code and "that run is finished" not in self._said().strip().splitlines()[-1]:  # killed as it said goodbye
            self.problems.append(f"ended with {code}: {self._said().strip().splitlines()[-1]}")
        return True

    def _going_on(self) -> list[str]:
        """A single training goes on by name; sweeps and searches know their folder by themselves."""
        begun = sorted(self.folder.glob("outputs/*/config.yaml")) if self.kind == "training" else []
        return [f"resume={begun[-1].parent}"] if begun else []

    def _said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    def look(self) -> None:
        """Note tracebacks, and temporary files beside results."""
        if "Traceback" in self._said():
            self.problems.append("a traceback")
        self.problems += [f"left behind: {path.name}" for path in self.folder.glob("outputs/**/*.tmp")]

    def weights(self) -> dict[str, dict[str, torch.Tensor]]:
        """The tensors of every finished run, by job and settings."""
        found = {}
        for path in sorted(self.folder.glob("outputs/**/weights.safetensors")):
            name = path.parent.name if self.kind != "training" else "run"
            found[name] = load_file(path)
        return found


def unequal(one: dict[str, dict[str, torch.Tensor]], other: dict[str, dict[str, torch.Tensor]]) -> Iterator[str]:
    """What differs between two folders of runs."""
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            yield f"{name} is missing"
        elif one[name].keys() != other[name].keys() or any(
            not torch.equal(x, other[name][key]) for key, x in one[name].items()
        ):
            yield f"the weights of {name} differ"


def fresh(work: Path, kind: str, number: int) -> Round:
    """A round in an empty folder."""
    folder = work / f"{kind}-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Round(kind, folder)


def tested(kind: str, wanted: int, work: Path, rng: random.Random) -> list[dict[str, object]]:
    """A row for each round, until it was killed often enough."""
    reference, start = fresh(work, kind, 0), time.monotonic()
    reference.attempt(None)
    whole = time.monotonic() - start
    reference.look()
    print(f"{kind}: undisturbed in {whole:.0f} s, {len(reference.weights())} runs", *reference.problems, flush=True)
    rows, kills, number = [], 0, 0
    while kills < wanted:
        number += 1
        one, attempts = fresh(work, kind, number), 0
        while not one.attempt(rng.uniform(0.5, whole) if attempts < PATIENCE else None):
            attempts += 1
        one.look()
        kills += one.kills
        differs = list(unequal(reference.weights(), one.weights()))
        said = "; ".join([*differs, *one.problems])
        row = {"kind": kind, "round": number, "kills": one.kills, "runs": len(one.weights()), "equal": not differs}
        rows.append({**row, "problems": said})
        print(rows[-1], flush=True)
        if not said:
            shutil.rmtree(one.folder)
    return rows


def main() -> None:
    """Test every kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    path = HERE / "results.csv"
    kept = pd.read_csv(path, keep_default_na=False).to_dict("records") if path.is_file() else []
    rows = [row for row in kept if row["kind"] not in asked.kinds]
    for kind in asked.kinds:
        rows += tested(kind, KILLS[kind], asked.work.resolve(), random.Random(f"{kind} {asked.seed}"))
    table = pd.DataFrame(rows)
    table.to_csv(path, index=False)
    lines = ["| what | rounds | killed | rounds that end with equal weights | problems |", "|---|---:|---:|---:|---|"]
    for kind, own in table.groupby("kind", sort=False):
        said = "; ".join(sorted({str(one) for one in own["problems"] if one})) or "none"
        lines.append(f"| {kind} | {len(own)} | {own['kills'].sum()} | {own['equal'].sum()} | {said} |")
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    readme.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
