"""Schemas of the `tracking` group."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg.config.checks import one_of

MODES = ("auto", "online", "offline", "disabled")


@dataclass
class TrackingConfig:
    """`tracking=wandb|csv`. The run folder's CSV files are always written; this is about Weights & Biases."""

    mode: str = "auto"
    """auto: online where a key is configured, offline otherwise."""
    project: str = "ecg"
    entity: str | None = None
    """Account or team; null: the key's own."""
    group: str | None = None
    """Runs to be compared; null: the sweep's folder in a sweep, none otherwise."""
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        one_of("tracking.mode", self.mode, MODES)
