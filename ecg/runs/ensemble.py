"""Weights of several seeds as one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ecg.beats.segmentations import settings_of
from ecg.errors import EcgError
from ecg.models.ensemble import together
from ecg.runs.weights import load_weights, save_weights, travelling

_OWN = ("name", "seed", "best_epoch", "time/fit_s", "time/probe_s", "time/total_s")


def merge(
    runs: Sequence[Path], out: Path, *, scores: Mapping[str, float] = MappingProxyType({}), force: bool = False
) -> str:
    """Write the weights of runs that differ in seed into one file, whose probabilities are the mean of theirs.

    Args:
        runs: run folders or weights files, two or more.
        out: the file.
        scores: how good it is, by the keys of metrics.json.
        force: replace a file that is there.

    Returns:
        A sentence for the screen.

    Raises:
        EcgError: weights that do not fit each other, or a file that is there.
    """
    if out.exists() and not force:
        raise EcgError(f"{out} exists; choose another --out, or replace it with --force")
    if len(runs) < 2:
        raise EcgError("an ensemble takes two runs or more")
    members = [load_weights(run) for run in runs]
    first = members[0]
    if first.settings.get("name") in (None, "ensemble"):
        kind = first.settings.get("_target_") or "an ensemble"
        raise EcgError(f"{first.path}: its model is {kind}; an ensemble has members of one of the models of ecg")
    for one in members[1:]:
        for what in ("settings", "segmentation", "labelling"):
            if getattr(one, what) != getattr(first, what):
                raise EcgError(f"{one.path}: its {what} are not those of {first.path}")
        if one.info.shapes != first.info.shapes or one.info.classes != first.info.classes:
            raise EcgError(f"{one.path}: its beats or classes are not those of {first.path}")
    whole = together([one.model for one in members])
    own = {key: value for key, value in first.settings.items() if key != "name"}
    model: dict[str, Any] = {"name": "ensemble", "of": first.settings.get("name"), "settings": own}
    model["members"] = len(members)
    training = {k: v for k, v in first.training.items() if k not in _OWN and not k.startswith(("test/", "best/"))}
    training |= travelling(scores, first.info.classes)
    training |= {"name": f"{first.training.get('name', '')}, {len(members)} members"}
    training["seeds"] = [one.training.get("seed") for one in members]
    for key in ("trained_records", "trained_patients"):
        training.pop(key, None)
        if all(key in one.training for one in members):
            training[key] = sorted({str(name) for one in members for name in one.training.get(key, ())})
    save_weights(
        out,
        whole.state_dict(),
        info=first.info,
        model=model,
        segmentation=settings_of(first.segmentation),
        training=training,
        labelling=first.labelling,
    )
    return f"{out}: {len(members)} members, {out.stat().st_size / 1e6:.1f} MB"
