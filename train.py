"""Train one model: `python train.py`, `python train.py model=kachuee`, `python train.py -m seed=0,1,2`."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig

from ecg.config import Job, compose, messages, sweep

compose.register()
sweep.register()


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(composed: DictConfig) -> float:
    """One run; returns the value of `trainer.monitor` at the best epoch."""
    with messages.logged():
        from ecg.run import run

        config, job = compose.typed(composed), Job.current()
        if job.resume:
            return run(compose.resumed(config, job.overrides), job)
        if job.sweep:
            job, finished = sweep.take_up(config, job)
            if finished is not None:
                return finished
        return run(config, job)


def table_of_jobs() -> None:
    """What became of each job of a sweep, after the last one."""
    if sweep.SweepFolder.last is not None:
        from rich.console import Console

        from ecg.compare import job_table

        Console().print(job_table(sweep.SweepFolder.last, skipped=sweep.SweepFolder.skipped))


if __name__ == "__main__":
    code = messages.report(main)
    table_of_jobs()
    sys.exit(code)
