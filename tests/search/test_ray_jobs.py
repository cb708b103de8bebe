"""Ray that is missing or refuses is said in a line; what it does with jobs is in tests/commands/test_cluster.py."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hydra.core.utils import JobStatus

from ecg.errors import EcgError
from ecg.search import ray_jobs


class Ray(SimpleNamespace):
    """Remembers what it was started with."""

    started: dict[str, Any]

    def is_initialized(self) -> bool:
        return hasattr(self, "started")

    def init(self, **given: Any) -> None:
        if given.get("address"):
            raise ConnectionError("ray cluster at\n 127.0.0.1:9 not found")
        self.started = given


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EcgError, match=r"^hydra/launcher=ray needs Ray: pip install 'ecg-experiments\[ray\]'$"):
        ray_jobs._started({})


def test_no_ray_at_an_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", Ray())
    with pytest.raises(EcgError, match=r"^hydra/launcher=ray: no Ray at here:9: ray cluster at 127.0.0.1:9 not found$"):
        ray_jobs._started({"address": "here:9"})


def test_jobs_see_our_variables_and_it_starts_once_and_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Ray()
    monkeypatch.setitem(sys.modules, "ray", ours)
    monkeypatch.setenv("ECG_SWEEP", "s")
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    monkeypatch.delenv("RAY_DEDUP_LOGS", raising=False)
    ray_jobs._started({"num_cpus": 3})
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    passed = ours.started["runtime_env"]["env_vars"]
    assert passed["ECG_SWEEP"] == "s"
    assert "SECRET" not in passed
    ray_jobs._started({"num_cpus": 4})
    assert ours.started["num_cpus"] == 3


def test_a_job_that_vanishes_too_often_has_failed_and_the_others_have_not() -> None:
    class LostError(Exception):
        """What Ray raises."""

    def get(task: str) -> str:
        if task == "lost":
            raise LostError("the worker died\nand more")
        return task

    ray = SimpleNamespace(get=get, exceptions=SimpleNamespace(RayError=LostError))
    assert ray_jobs._outcome(ray, "done") == "done"
    lost = ray_jobs._outcome(ray, "lost")
    assert lost.status == JobStatus.FAILED
    with pytest.raises(EcgError, match=r"^hydra/launcher=ray: the worker died$"):
        _ = lost.return_value


@pytest.mark.parametrize(
    ("remote", "said"), [({"num_cpus": 3}, "num_cpus=3: Ray has 2"), ({"num_gpus": 1}, "num_gpus=1: Ray has 0")]
)
def test_jobs_that_would_wait_for_ever_are_refused(remote: dict[str, float], said: str) -> None:
    with pytest.raises(EcgError, match=rf"^hydra\.launcher\.remote\.{said} here; choose \d or less$"):
        ray_jobs.RayJobs({}, remote)._fits({"CPU": 2.0, "memory": 1e9})
    ray_jobs.RayJobs({}, {"num_cpus": 2})._fits({"CPU": 2.0, "memory": 1e9})


def test_arguments_that_are_null_are_left_to_ray() -> None:
    made = ray_jobs.RayJobs({"address": None, "num_cpus": 2}, {"num_gpus": None, "memory": 1.0})
    assert (made.init, made.remote) == ({"num_cpus": 2}, {"memory": 1.0})
