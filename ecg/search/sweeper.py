"""A Hydra sweeper that asks Optuna for settings and tells it what they gave.

Hydra's own plugin for Optuna neither prunes nor goes on with a trial that was broken off, and its release for the Hydra
of now (1.2) refuses the Optuna of now.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from ecg.checks import in_range, one_of
from ecg.config import RunConfig, compose
from ecg.errors import EcgError
from ecg.runs.job import Job
from ecg.runs.study import FILES, StudyFolder, built, import_optuna, outcome
from ecg.search.space import space_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

log = logging.getLogger(__name__)
FIRST_FAILURES = 3
"""Where so many trials fail before any succeeds, the rest would too."""


class Search(Sweeper):
    """Searches settings by Optuna's samplers and pruners; several processes may share one search.

    Args:
        params: the space, in Hydra's grammar, by setting; what is typed goes before it.
        spaces: the same by name of a model, where `params` says nothing.
        n_trials: of the whole search, in all processes together.
        n_jobs: trials that the launcher is given at once.
        storage: `journal` or `sqlite`, a file below the sweep's folder.
        sampler: node of an `optuna.samplers` class; where it takes a seed, that of the run and the trial's number.
        pruner: node of an `optuna.pruners` class.
    """

    def __init__(
        self,
        params: Mapping[str, str] | None,
        spaces: Mapping[str, Mapping[str, str]],
        n_trials: int,
        n_jobs: int,
        storage: str,
        sampler: Mapping[str, Any],
        pruner: Mapping[str, Any],
    ) -> None:
        self.params, self.spaces = params, spaces
        self.n_trials, self.n_jobs, self.storage = n_trials, n_jobs, storage
        self.sampler, self.pruner = _own_keys("sampler", sampler), _own_keys("pruner", pruner)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hydra's part: the launcher that runs the trials."""
        self.context, self.composed = hydra_context, config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run trials until there are enough; all that can be wrong with the settings is said before the first.

        Raises:
            EcgError: of the settings, the space or the storage; or every trial failed.
        """
        in_range("hydra.sweeper.n_trials", self.n_trials, 1)
        in_range("hydra.sweeper.n_jobs", self.n_jobs, 1)
        one_of("hydra.sweeper.storage", self.storage, FILES)
        import_optuna()
        parser = OverridesParser.create(config_loader=self.context.config_loader)
        self.model = str(self.composed.hydra.runtime.choices.get("model"))
        params = self.params or self.spaces.get(self.model) or {}
        words = [*(f"{key}={value}" for key, value in params.items()), *arguments]
        self.space = space_of(words, parser)
        config = self._checked()
        built("sampler", self.sampler, seed=0)
        built("pruner", self.pruner)
        folder = Path(self.composed.hydra.sweep.dir)
        direction = f"{config.mode}imize"
        self.folder = StudyFolder(folder)
        with self.folder.opened(self.storage, self.space.said, self.pruner, direction) as study:
            OmegaConf.save(self.composed, folder / "multirun.yaml")
            self._begin_with_present(study, config)
            self._run(study, config)
        from ecg.search.result import tell_result

        tell_result(self.folder, study, self.space, config)

    def _checked(self) -> RunConfig:
        """The configuration without a search, once every setting of the space was found to exist."""
        if not self.space.varied:
            there = f" (there are some for {', '.join(self.spaces)})" if self.spaces else ""
            raise EcgError(
                f"no search space for model={self.model}{there}; type one, e.g. 'optimizer.lr=interval(1e-4,1e-2)'"
            )
        from ecg.pipeline import check

        for values in self.space.corners():
            check(self._config(self.space.typed(values)), Job(Path(), sweep=Path()))
        config = self._config([])
        if config.trainer.get("limit_val_batches") == 0 or config.dataset.get("val_fraction") == 0:
            raise EcgError(
                "a search chooses by validation, and there is none: drop trainer.limit_val_batches=0 and "
                "dataset.val_fraction=0, or set them otherwise"
            )
        return config

    def _config(self, varied: Sequence[str]) -> RunConfig:
        """As a trial composes it."""
        made: DictConfig = self.context.config_loader.load_sweep_config(self.composed, [*self._fixed, *varied])
        with open_dict(made):
            del made["hydra"]
        return compose.read(made)

    @property
    def _fixed(self) -> list[str]:
        """Settings of every trial: a search chooses by validation and leaves the test subset alone."""
        asked = any(word.partition("=")[0].lstrip("+") == "test" for word in self.space.fixed)
        return [*self.space.fixed, *([] if asked else ["test=false"])]

    def _begin_with_present(self, study: Study, config: RunConfig) -> None:
        """The first trial has the settings as they are, so that a search says what it gains."""
        with self.folder.lock:
            values = self.space.present(config, self.composed.hydra.runtime.choices)
            if values is not None and not study.get_trials(deepcopy=False):
                study.enqueue_trial(values)

    def _run(self, study: Study, config: RunConfig) -> None:
        tried: set[int] = set()
        while True:
            batch: list[Trial] = []
            while len(batch) < self.n_jobs and (one := self._next(study, config, tried)) is not None:
                batch.append(one)
                tried.add(one.number)
            if not batch:
                return
            names = [f"{one.number}_{self._config(self.space.typed(one.params)).name}" for one in batch]
            jobs = [self._overrides(one, name) for one, name in zip(batch, names, strict=True)]
            results = self.launcher.launch(jobs, initial_job_idx=batch[0].number)
            for trial, name, result in zip(batch, names, results, strict=True):
                self._tell(study, trial, self.folder.sweep / name, result)

    def _next(self, study: Study, config: RunConfig, tried: set[int]) -> Trial | None:
        def sampler(number: int) -> Any:
            return built("sampler", self.sampler, seed=(1_000_003 * config.seed + number) % 2**31)

        return self.folder.begin(study, self.space.varied, sampler, most=self.n_trials, not_again=tried)

    def _overrides(self, trial: Trial, name: str) -> list[str]:
        return [*self._fixed, *self.space.typed(trial.params), f"hydra.sweep.subdir={name}"]

    def _tell(self, study: Study, trial: Trial, folder: Path, result: JobReturn) -> None:
        """What a trial gave, by its folder: the one that says it also after a process was killed."""
        from optuna.trial import TrialState

        state, value = outcome(folder)
        if state == "finished":
            study.tell(trial.number, value, skip_if_finished=True)
        elif state == "pruned":
            study.tell(trial.number, state=TrialState.PRUNED, skip_if_finished=True)
        elif state == "failed" or result.status == JobStatus.FAILED:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            states = [one.state for one in study.get_trials(deepcopy=False)]
            if states.count(TrialState.FAIL) >= FIRST_FAILURES and TrialState.COMPLETE not in states:
                raise EcgError(f"the first {FIRST_FAILURES} trials failed; their folders say why: {self.folder.sweep}")


def _own_keys(name: str, node: Mapping[str, Any]) -> dict[str, Any]:
    """A node without what conf/hydra/sweeper/search.yaml says for another target than the one that was typed."""
    file = compose.conf_folder() / "hydra" / "sweeper" / "search.yaml"
    usual: Any = OmegaConf.select(OmegaConf.load(file), name)
    other = node["_target_"] != usual["_target_"]
    return {key: value for key, value in node.items() if not other or key == "_target_" or usual.get(key) != value}
