"""Values that are no signal: those that mean `invalid`, and times or counters taken for a lead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError

Notes = tuple[str, ...]

_INVALID = (
    -(2**15),
    2**15 - 1,
    -(2**23),
    2**23 - 1,
    -(2**31),
    2**31 - 1,
    *(s * v for v in (9999, 999) for s in (-1, 1)),
)
"""What converters and programs write where there is no value."""
_FAR = 2.0
"""Such a value means `invalid` where it is further from all others than this many times their span."""
_VERY_FAR = 10.0
"""The same for any other value, which also must come often: the stored `invalid` of a file, times its gain."""
_OFTEN = 10
_ABSURD = 1000.0
"""Values this many times further from the median than others span are no voltages."""
_SAME = 0.9
"""Share of steps of one height in a counter that starts again now and then; an ECG has no such height."""
_DISTINCT = 10
"""Fewer different values than this are steps of a calibration, or a flat line, rather than a counter."""


def without_invalid(values: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.floating], Notes]:
    """The values, not a number where they mean `invalid`, and a note for each value that does.

    Args:
        values: shape [time].
    """
    finite = values[np.isfinite(values)]
    others = finite[~np.isin(finite, _INVALID)]
    found: list[float] = [v for v in _INVALID if _far(others, v, _FAR) and v in finite]
    extremes = (float(others.min()), float(others.max())) if len(others) else ()
    found += [v for v in extremes if (own := others == v).sum() >= _OFTEN and _far(others[~own], v, _VERY_FAR)]
    notes = list[str]()
    for value in found:
        own = values == value
        values = np.where(own, np.nan, values)
        notes.append(
            f"{int(own.sum()):,} samples of {value:,.10g}, far from all others, mean no value and are left out."
        )
    return _without_absurd(values, tuple(notes))


def _without_absurd(values: npt.NDArray[np.floating], notes: Notes) -> tuple[npt.NDArray[np.floating], Notes]:
    """The values without those that are so far out that all others would be one and the same beside them."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return values, notes
    low, middle, high = np.percentile(finite[:: max(len(finite) // 1_000_000, 1)], [0.1, 50, 99.9])
    absurd = np.isfinite(values) & (np.abs(values - middle) > _ABSURD * (high - low))
    if high <= low or not absurd.any():
        return values, notes
    note = f"{int(absurd.sum()):,} samples more than {_ABSURD:,.0f} times as far out as the others are left out."
    return np.where(absurd, np.nan, values), (*notes, note)


def _far(others: npt.NDArray[np.floating], value: float, times: float) -> bool:
    """Whether a value is further from all others than so many times their span."""
    if not len(others):
        return False
    low, high = float(others.min()), float(others.max())
    return max(low - value, value - high) > times * (high - low) > 0


def refuse_counter(named: str, values: npt.NDArray[np.number]) -> None:
    """Refuse a straight line, a time or a counter in place of a lead.

    Args:
        named: file and lead, as the message begins.
        values: shape [time], all finite.

    Raises:
        EcgError: the values only go up, or only down, or by one and the same step.
    """
    some = (values[:1000], values[:: max(len(values) // 1000, 1)])
    if len(values) < 2 * _DISTINCT or max(len(np.unique(part)) for part in some) < _DISTINCT:
        return
    step = np.diff(values.astype(np.float64))
    usual = float(np.median(step))
    same = float((np.abs(step - usual) <= 1e-3 * abs(usual)).mean()) if usual else 0.0
    if step.min() >= 0 or step.max() <= 0 or same > _SAME:
        way = "a time or a counter, and no ECG; choose the true lead with --lead, or name it `signal` in an .npz"
        raise EcgError(f"{named} is a straight line or only goes one way: {way}")


def climbs_evenly(values: npt.NDArray[np.number]) -> bool:
    """Whether values go up by nearly one and the same step, as times do; holes apart.

    Args:
        values: any shape.
    """
    step = np.diff(values.reshape(-1).astype(np.float64))
    if not len(step) or not step.min() > 0:
        return False
    return bool((step < 2.5 * np.median(step)).mean() > _SAME)
