"""Train one model: `python train.py`, `python train.py model=kachuee`, `python train.py -m seed=0,1,2`."""

from __future__ import annotations

import sys

import hydra
from omegaconf import DictConfig

from ecg.config import Job, compose, messages

compose.register()


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(composed: DictConfig) -> float:
    """One run; returns the value of `trainer.monitor` at the best epoch."""
    with messages.logged():
        from ecg.run import run

        config, job = compose.typed(composed), Job.current()
        return run(compose.resumed(config, job.overrides) if job.resume else config, job)


if __name__ == "__main__":
    sys.exit(messages.report(main))
