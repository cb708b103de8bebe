"""What every pipeline of a run tells its loggers and its folder."""

from __future__ import annotations

from uuid import uuid4

from ecg.config import RunConfig
from ecg.runs.folder import RunFolder, read_json, write_json
from ecg.runs.job import Job
from ecg.runs.provenance import provenance
from ecg.runs.study import trial_number
from ecg.training.loggers import RunFacts, agents_run, wandb_environment
from ecg.training.trainer import trainer_node


def threads_of(config: RunConfig, folder: RunFolder) -> int | None:
    """As many as the configuration says, or as the run began with: sums over other parts have other last digits."""
    if config.threads is None and folder.provenance.is_file():
        began = read_json(folder.provenance).get("threads")
        return began if isinstance(began, int) and began > 0 else None
    return config.threads


def run_facts(
    config: RunConfig,
    job: Job,
    folder: RunFolder,
    *,
    job_type: str,
    fingerprint: str,
    simulated: bool,
    threads: int,
) -> RunFacts:
    """What loggers are told; where the run comes from is written once, and a resumed run keeps its W&B identity."""
    if not folder.provenance.exists():
        known = agents_run()
        facts = provenance(
            seed=config.seed,
            fingerprint=fingerprint,
            precision=str(trainer_node(config)["precision"]),
            threads=threads,
            settings=list(job.overrides),
            wandb={"wandb_id": known or uuid4().hex[:12], "wandb": wandb_environment()},
        )
        write_json(folder.provenance, facts)
    number = trial_number(job)
    return RunFacts(
        name=config.name if number is None else f"{config.name}-trial{number}",
        run_id=str(read_json(folder.provenance).get("wandb_id") or uuid4().hex[:12]),
        group=job.sweep.name if job.sweep else None,
        tags=("simulated",) if simulated else (),
        job_type=job_type,
        config=config.as_dict(),
        folder=folder.path,
    )
