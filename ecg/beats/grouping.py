"""Dividing beats: in two by beat within each class, in two by whole patients, and thinning them by patient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError

Index = npt.NDArray[np.int64]

DRAWS = 500
"""Random divisions tried; the one whose classes are shared out best is taken."""


def divide_beats(index: Index, y: npt.NDArray[np.int64], fraction: float, seed: int) -> tuple[Index, Index]:
    """Draw `fraction` of each class at random.

    Args:
        index: positions to divide.
        y: shape [beat of the whole table], class numbers.
        fraction: share of the second part; a class of one beat stays in the first. 0: it has none.
        seed: of the draw.

    Returns:
        The rest and the drawn part, each in ascending order.
    """
    if not fraction:
        return np.sort(index), index[:0]
    rng = np.random.default_rng(seed)
    drawn = [
        rng.permutation(members)[: min(max(round(fraction * len(members)), 1), len(members) - 1)]
        for c in np.unique(y[index])
        for members in [index[y[index] == c]]
    ]
    second = np.sort(np.concatenate(drawn)) if drawn else index[:0]
    return np.setdiff1d(index, second), second


def divide_groups(
    index: Index, group: npt.NDArray[np.str_], y: npt.NDArray[np.int64], fraction: float, seed: int
) -> tuple[Index, Index]:
    """Draw whole groups so that the second part holds about `fraction` of every class.

    Of `DRAWS` random divisions the one with the least squared error of the class shares is taken, with a part that
    lacks a class which at least two groups have counted as the worst.

    Args:
        index: positions to divide.
        group: shape [beat of the whole table], e.g. patient identifiers.
        y: shape [beat of the whole table], class numbers.
        fraction: share of the second part.
        seed: of the draws.

    Returns:
        The rest and the drawn part, each in ascending order.

    Raises:
        EcgError: fewer than two groups.
    """
    names, member = np.unique(group[index], return_inverse=True)
    if len(names) < 2:
        raise EcgError(f"dataset.split=patients needs beats of two patients or more to divide, found {len(names)}")
    counts = pd.crosstab(member, y[index]).to_numpy(dtype=np.float64)
    second = _best_draw(counts, fraction, np.random.default_rng(seed))[member]
    return np.sort(index[~second]), np.sort(index[second])


def _best_draw(counts: npt.NDArray[np.float64], fraction: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The best of `DRAWS` choices of groups; counts has shape [group, class], the result [group]."""
    n_groups = len(counts)
    size = min(max(round(fraction * n_groups), 1), n_groups - 1)
    chosen = rng.random((DRAWS, n_groups)).argsort(axis=1) < size
    share = (chosen @ counts) / counts.sum(axis=0)
    shareable = (counts > 0).sum(axis=0) >= 2
    lacking = ((share == 0) | (share == 1))[:, shareable].sum(axis=1)
    error = ((share - fraction) ** 2).sum(axis=1)
    return np.asarray(chosen[np.lexsort((error, lacking))[0]])


def evenly_spaced(group: npt.NDArray[np.str_], most: int) -> Index:
    """Positions of at most `most` members of each group, evenly spaced over the group from its first to its last.

    Args:
        group: shape [beat], e.g. patient identifiers; the unknown, named by an empty string, are all kept.
        most: 1 or more.

    Returns:
        Positions in ascending order.
    """
    parts = [np.arange(0)]
    for name, own in positions(group).items():
        n = len(own)
        wanted = np.rint(np.linspace(0, n - 1, most)) if most > 1 else np.array([(n - 1) // 2])
        parts.append(own if name == "" or n <= most else own[wanted.astype(np.int64)])
    return np.sort(np.concatenate(parts))


def positions(group: npt.NDArray[np.str_]) -> dict[str, Index]:
    """The positions of each group's members, in ascending order."""
    return {str(name): np.asarray(own) for name, own in pd.Series(group).groupby(group).indices.items()}
