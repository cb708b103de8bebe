"""What a model takes over from another one, and how many of its layers learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecg.checks import in_range, one_of

RANDOM = "random"
"""The `source` that is none: frozen layers keep random weights, which is the control."""


@dataclass(frozen=True)
class Transfer:
    """How to transfer.

    Attributes:
        trainable_layers: the last k layers learn, the new head included; the others are frozen. None: no transfer, all
            from scratch.
        source: a run folder or weights file; None: the arrhythmia run with the same model and segmentation, trained
            once if there is none; random: frozen layers keep random weights, which is the control.
        init: what the retrained layers start from: source, or fresh (as in the published study). The head is always
            new.
        probe_first: train the head alone first, then the k layers.
        probe_epochs: epochs of the head alone.
        lr_decay: factor on the learning rate for each layer further from the head.
        reestimate_batchnorm: count the BatchNorm statistics of the source anew on the new training beats, before
            anything is frozen.
        cache_features: compute what the frozen layers give once, and train the rest on it. The results are the same.
        cache_limit_mb: features larger than this are computed batch by batch.
        source_epochs: epochs of the arrhythmia run, where it has to be trained.

    Raises:
        EcgError: a value out of range.
    """

    trainable_layers: int | None = None
    source: str | None = None
    init: Literal["source", "fresh"] = "source"
    probe_first: bool = False
    probe_epochs: int = 10
    lr_decay: float = 1.0
    reestimate_batchnorm: bool = False
    cache_features: bool = True
    cache_limit_mb: float = 4000.0
    source_epochs: int = 10

    def __post_init__(self) -> None:
        one_of("init", self.init, ("source", "fresh"))
        in_range("probe_epochs", self.probe_epochs, 1)
        in_range("lr_decay", self.lr_decay, 0, 1, include_low=False)
        in_range("cache_limit_mb", self.cache_limit_mb, 0)
        in_range("source_epochs", self.source_epochs, 1)

    @property
    def k(self) -> int:
        """The number of layers that learn; there must be one."""
        assert self.trainable_layers is not None
        return self.trainable_layers
