"""Schemas of the `transfer` group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecg.config.checks import in_range, one_of

if TYPE_CHECKING:
    from ecg.transfer import TransferRule

INITS = ("source", "fresh")


@dataclass
class TransferConfig:
    """`transfer=source|random`. What a model takes over from another one, and how many of its layers learn."""

    trainable_layers: int | None = None
    """The last k layers learn, the new head included; the others are frozen. null: no transfer, all from scratch."""
    source: str | None = None
    """A run folder or weights file; null: the arrhythmia run with the same model and cut, trained once if there is
    none; random: frozen layers keep random weights, which is the control."""
    init: str = "source"
    """What the retrained layers start from: source, or fresh (as in the published study). The head is always new."""
    probe_first: bool = False
    """Train the head alone first, then the k layers."""
    probe_epochs: int = 10
    """Epochs of the head alone."""
    lr_decay: float = 1.0
    """Factor on the learning rate for each layer further from the head."""
    reestimate_batchnorm: bool = False
    """Count the BatchNorm statistics of the source anew on the new training beats, before anything is frozen."""
    cache_features: bool = True
    """Compute what the frozen layers give once, and train the rest on it. The results are the same."""
    cache_limit_mb: float = 4000.0
    """Features larger than this are computed batch by batch."""
    source_epochs: int = 10
    """Epochs of the arrhythmia run, where it has to be trained."""

    def __post_init__(self) -> None:
        one_of("transfer.init", self.init, INITS)
        in_range("transfer.probe_epochs", self.probe_epochs, 1)
        in_range("transfer.lr_decay", self.lr_decay, 0, 1, include_low=False)
        in_range("transfer.cache_limit_mb", self.cache_limit_mb, 0)
        in_range("transfer.source_epochs", self.source_epochs, 1)

    @property
    def short(self) -> str:
        """Says what the run is: `scratch`, `k3`, or `random-k3` for the control."""
        if self.trainable_layers is None:
            return "scratch"
        return f"{'random-' if self.source == 'random' else ''}k{self.trainable_layers}"

    def build(self) -> TransferRule:
        """What the transfer room needs to know; there must be a number of trainable layers."""
        from ecg.transfer import TransferRule

        assert self.trainable_layers is not None
        return TransferRule(
            trainable_layers=self.trainable_layers,
            init=self.init,
            reestimate_batchnorm=self.reestimate_batchnorm,
            cache_features=self.cache_features,
            cache_limit_mb=self.cache_limit_mb,
        )
