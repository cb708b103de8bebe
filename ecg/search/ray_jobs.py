"""Jobs of a sweep or search as tasks of Ray, on this machine or a cluster.

Hydra's own plugin (hydra-ray-launcher 1.2.2) wants cloudpickle below 3, which joblib refuses by now.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from ecg.errors import EcgError

log = logging.getLogger(__name__)
INSTALL = "hydra/launcher=ray needs Ray: pip install 'ecg-experiments[ray]'"
PASSED = ("ECG_", "WANDB_", "HYDRA_")
"""Environment variables that reach jobs on other machines begin so."""


class RayJobs(Launcher):
    """Runs each job as a task of Ray; one whose machine or process vanishes is started again, and goes on.

    Args:
        init: arguments of `ray.init`; without an address Ray starts on this machine and ends with the sweep.
        remote: arguments of `ray.remote`: what a job takes, and how often it is started again.
    """

    def __init__(self, init: Mapping[str, Any], remote: Mapping[str, Any]) -> None:
        self.init, self.remote = _said(init), _said(remote)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hydra's part."""
        self.context, self.task, self.composed = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs, as many at once as there is room for.

        Returns:
            What each gave, in their order; FAILED where it raised, or vanished too often.

        Raises:
            EcgError: Ray is missing, or cannot be reached.
        """
        setup_globals()
        configure_log(self.composed.hydra.hydra_logging, self.composed.hydra.verbose)
        Path(self.composed.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        ray = _started(self.init)
        if not self.init.get("address"):  # a cluster may grow
            self._fits(ray.cluster_resources())
        work, tasks = ray.remote(**self.remote)(_job), []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            log.info("#%d : %s", number, " ".join(filter_overrides(overrides)))
            tasks.append(work.remote(self.context, self._config(number, overrides), self.task, Singleton.get_state()))
        return [_outcome(ray, task) for task in tasks]

    def _fits(self, there: Mapping[str, float]) -> None:
        """Refuse jobs that Ray would let wait for ever.

        Raises:
            EcgError: one takes more than all of this machine.
        """
        for key, resource in (("num_cpus", "CPU"), ("num_gpus", "GPU"), ("memory", "memory")):
            wanted, most = self.remote.get(key, 0), there.get(resource, 0.0)
            if wanted > most:
                raise EcgError(f"hydra.launcher.remote.{key}={wanted}: Ray has {most:g} here; choose {most:g} or less")

    def _config(self, number: int, overrides: Sequence[str]) -> DictConfig:
        config = self.context.config_loader.load_sweep_config(self.composed, list(overrides))
        with open_dict(config):
            config.hydra.job.id, config.hydra.job.num = f"{config.hydra.job.name}_{number}", number
        return config


def _said(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _started(init: Mapping[str, Any]) -> Any:
    """Ray, which ends with this process; a search launches many times."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # lines that two jobs say alike, an epoch's end, would be left out
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise EcgError(INSTALL) from error
    if ray.is_initialized():
        return ray
    passed = {key: value for key, value in os.environ.items() if key.startswith(PASSED)}
    try:
        ray.init(**init, runtime_env={"env_vars": passed})
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = init.get("address") or "this machine"
        raise EcgError(f"hydra/launcher=ray: no Ray at {where}: {' '.join(str(error).split())}") from error
    return ray


def _job(context: HydraContext, config: DictConfig, task: TaskFunction, state: Mapping[Any, Any]) -> JobReturn:
    setup_globals()
    Singleton.set_state(dict(state))
    HydraConfig.instance().set_config(config)
    where: dict[str, Any] = {"job_dir_key": "hydra.sweep.dir", "job_subdir_key": "hydra.sweep.subdir"}
    return run_job(hydra_context=context, task_function=task, config=config, **where)


def _outcome(ray: Any, task: Any) -> JobReturn:
    try:
        found: JobReturn = ray.get(task)
        return found
    except ray.exceptions.RayError as error:
        made = JobReturn(status=JobStatus.FAILED)
        made.return_value = EcgError(f"hydra/launcher=ray: {str(error).splitlines()[0]}")
        return made
