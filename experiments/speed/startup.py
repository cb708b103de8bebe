"""Whole processes from outside: start, first batch, memory. Only the standard library, see `measure.py` for why.

Run as a script it is one of the processes that are measured:
python startup.py data DATA_DIR CACHE | first-batch OVERRIDE ...
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def data_seconds(data_dir: Path, cache: Path) -> dict[str, float]:
    """Seconds from raw files (or the cache) to the first training batch, in a fresh process.

    Returns:
        `whole`: the process from start to end; `imports`: loading Python's libraries; `data`: the work itself.
    """
    start = time.monotonic()
    lines = _output([sys.executable, __file__, "data", str(data_dir), str(cache)])
    imports, data = (float(value) for value in lines[-1].split())
    return {"whole": time.monotonic() - start, "imports": imports, "data": data}


def help_seconds() -> float:
    """Seconds that `ecg --help` takes."""
    start = time.monotonic()
    _output([str(Path(sys.executable).with_name("ecg")), "--help"])
    return time.monotonic() - start


def import_seconds(module: str) -> float:
    """Seconds of a process that does nothing but import a library."""
    start = time.monotonic()
    _output([sys.executable, "-c", f"import {module}"])
    return time.monotonic() - start


def first_batch_seconds(data_dir: Path, cache: Path) -> float:
    """Seconds from starting `python train.py` to the end of its first training step, with prepared beats."""
    with tempfile.TemporaryDirectory() as out:
        start = time.monotonic()
        lines = _output([sys.executable, __file__, "first-batch", *_overrides(data_dir, cache, Path(out), batches=1)])
        return float(lines[-1]) - start


def peak_gigabytes(data_dir: Path, cache: Path, batches: int) -> float:
    """Largest resident memory (GB) of a whole `python train.py`: one epoch of `batches`, test, report."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "train.py", *_overrides(data_dir, cache, Path(out), batches=batches)]
        log = Path(out) / "log.txt"
        with log.open("w") as stream:
            process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text()}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


def _overrides(data_dir: Path, cache: Path, out: Path, *, batches: int) -> list[str]:
    limits = [f"trainer.limit_{side}_batches={batches}" for side in ("train", "val")]
    return [
        "logger=none",
        "trainer.accelerator=cpu",
        "trainer.max_epochs=1",
        *limits,
        f"data_dir={data_dir}",
        f"cache_dir={cache}",
        f"output_dir={out}",
    ]


def _output(command: list[str]) -> list[str]:
    """What a command prints, line by line."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def _data(data_dir: str, cache: str) -> None:
    """The process behind `data_seconds`."""
    begin = time.monotonic()
    from ecg.data import ArrhythmiaDataModule  # loads torch and Lightning

    loaded = time.monotonic()
    data = ArrhythmiaDataModule(split="kaggle", data_dir=data_dir, cache_dir=cache)
    data.prepare_data()
    data.setup()
    next(iter(data.train_dataloader()))
    print(loaded - begin, time.monotonic() - loaded)


def _first_batch(overrides: list[str]) -> None:
    """The process behind `first_batch_seconds`: train.py, ended after its first step."""
    import runpy

    from ecg.training import BeatClassifier

    def tell(*_: object) -> None:
        print(f"\n{time.monotonic()}", flush=True)
        os._exit(0)

    BeatClassifier.on_train_batch_end = tell  # type: ignore[method-assign,assignment]
    sys.argv = ["train.py", *overrides]
    runpy.run_path(str(ROOT / "train.py"), run_name="__main__")


if __name__ == "__main__":
    if sys.argv[1] == "data":
        _data(*sys.argv[2:])
    else:
        _first_batch(sys.argv[2:])
