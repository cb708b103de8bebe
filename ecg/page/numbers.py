"""How numbers are written, on pages and in the terminal: a dash where there is none."""

from __future__ import annotations

import math
from numbers import Real

NONE = "-"


def number(value: object) -> float | None:
    """`value`, numpy's among them, as a float; None for what is no number, not finite, or a truth value."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        found = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return found if math.isfinite(found) else None


def percent(value: object, decimals: int = 2, *, scale: float = 1.0) -> str:
    """A fraction in percent, without the sign: `71.23`; times `scale`, 0.01 for what is no share."""
    found = number(value)
    return NONE if found is None else f"{100 * scale * found:.{decimals}f}"


def interval(pair: tuple[object, object] | None, *, scale: float = 1.0) -> str:
    """Both ends of an interval in percent, `68.10-74.02`; empty where one is not known."""
    ends = [percent(end, scale=scale) for end in pair or ()]
    between = " to " if any(end.startswith("-") for end in ends) else "-"
    return "" if NONE in ends else between.join(ends)


def count(value: object) -> str:
    """A whole number with thousands set apart: `5,125,125`."""
    found = number(value)
    return NONE if found is None else f"{round(found):,}"


def duration(seconds: object) -> str:
    """A time as people say it: `0.42 s`, `12.3 s`, `8 min 53 s`, `1 h 05 min`."""
    found = number(seconds)
    if found is None:
        return NONE
    if found < 59.95:
        return f"{found:.2f} s" if found < 1 else f"{found:.1f} s"
    minutes, rest = divmod(round(found), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def plain(value: object) -> str:
    """A setting or a fact: numbers as short as they can be, `5,125,125` and `0.002`, and all else as it is."""
    if isinstance(value, bool) or number(value) is None:
        return NONE if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
