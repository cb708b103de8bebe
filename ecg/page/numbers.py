"""How numbers are written, on pages and in the terminal: a dash where there is none."""

from __future__ import annotations

import math

NONE = "-"


def number(value: object) -> float | None:
    """`value` as a float; None for what is no number, not finite, or a truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def percent(value: object, decimals: int = 2) -> str:
    """A fraction in percent, without the sign: `71.23`."""
    found = number(value)
    return NONE if found is None else f"{100 * found:.{decimals}f}"


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
