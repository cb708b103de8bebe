"""Where Hydra looks for plugins: in the package `hydra_plugins` of every folder on Python's path."""

from __future__ import annotations

from ecg.search.ray_jobs import RayJobs


class RayLauncher(RayJobs):
    """`ecg.search.ray_jobs.RayJobs` under the only kind of name by which Hydra takes it."""
