"""Config: composed by Hydra, checked once against the signatures of what it builds, and built.

The room knows no model, no dataset and no trainer: whatever a node names by `_target_` says itself what it takes.
"""

from ecg.config.root import RunConfig

__all__ = ["RunConfig"]
