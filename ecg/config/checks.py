"""Range checks whose messages name the key and the valid choices."""

from __future__ import annotations

from collections.abc import Iterable

from ecg.errors import EcgError


def one_of(key: str, value: str, choices: Iterable[str]) -> None:
    """Refuse a value that is none of `choices`."""
    known = list(choices)
    if value not in known:
        raise EcgError(f"{key}={value}: choose one of {', '.join(known)}")


def in_range(
    key: str,
    value: float,
    low: float,
    high: float = float("inf"),
    *,
    include_low: bool = True,
    include_high: bool = True,
) -> None:
    """Refuse a value outside the interval from `low` to `high`."""
    above = value >= low if include_low else value > low
    below = value <= high if include_high else value < high
    if above and below:
        return
    if high == float("inf"):
        wanted = f"{'at least' if include_low else 'more than'} {_plain(low)}"
    else:
        wanted = f"from {_plain(low)}{_note(include_low)} to {_plain(high)}{_note(include_high)}"
    raise EcgError(f"{key}={_plain(value)}: must be {wanted}")


def _plain(value: float) -> str:
    """A number as a person would type it: no exponent below 10^12."""
    return f"{value:.12g}"


def _note(included: bool) -> str:
    return "" if included else " (not included)"
