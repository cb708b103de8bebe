"""Lets the disk run full at another moment of a training each time, and goes on with more room. Needs Linux and root.

    python experiments/faults/full.py --work path/to/an/empty/folder

Writes full.csv and its table in README.md: whether the message is one line that says what is full, and whether the
training that goes on ends with the weights of an undisturbed one. The disk is a file system in memory.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
from kill import KINDS, TRAIN, Round, unequal

HERE = Path(__file__).parent
START, END = "<!-- written by full.py -->", "<!-- end of what full.py writes -->"
ROOM = "300m"
KB = 1024


def started(folder: Path) -> subprocess.CompletedProcess[str]:
    """The training, or what is left of it; everything that it writes is in `folder`."""
    begun = sorted(folder.glob("outputs/*/config.yaml"))
    words = [f"resume={begun[-1].parent}"] if begun else [*KINDS["training"], f"cache_dir={folder / 'cache'}"]
    return subprocess.run([sys.executable, str(TRAIN), *words], cwd=folder, capture_output=True, text=True, check=False)


def mounted(folder: Path, size: str) -> None:
    """A disk of so many bytes in place of the folder, or the same disk with more room."""
    options = f"remount,size={size}" if folder.is_mount() else f"size={size}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def tried(folder: Path, size: int, reference: Round) -> dict[str, object]:
    """A row: the training on a disk of `size` bytes, and on with more."""
    mounted(folder, str(size))
    try:
        first = started(folder)
        said = (first.stderr or first.stdout).strip().splitlines() or [""]
        kept = "Traceback" not in first.stderr and said[-1].startswith("error: ")
        mounted(folder, ROOM)
        second = started(folder) if first.returncode else first
        again = Round("training", folder)
        differs = list(unequal(reference.weights(), again.weights()))
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    return {
        "mb": round(size / KB**2, 2),
        "full": bool(first.returncode),
        "one_line": kept if first.returncode else True,
        "said": said[-1].replace(str(folder), "DISK") if first.returncode else "",
        "then": second.returncode,
        "equal": not differs,
    }


def main() -> None:
    """Try sizes from nearly nothing to enough."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=16)
    asked = parser.parse_args()
    work = asked.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    disk, whole = work / "disk", work / "whole"
    disk.mkdir(parents=True)
    whole.mkdir()
    reference = Round("training", whole)
    started(whole)
    needed = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    rows = []
    for step in range(asked.steps):
        rows.append(tried(disk, int(needed * (step + 0.5) / asked.steps) + 64 * KB, reference))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table.to_csv(HERE / "full.csv", index=False)
    full = table[table["full"]]
    lines = [
        "| disks | run full | said in one line | went on and ended with equal weights |", "|---:|---:|---:|---:|",
        f"| {len(table)} of {table['mb'].min():.1f} to {table['mb'].max():.1f} MB | {len(full)} | "
        f"{full['one_line'].sum()} | {full['equal'].sum()} |",
    ]  # fmt: skip
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    readme.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
