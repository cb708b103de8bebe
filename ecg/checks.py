"""Range checks whose messages name the setting and the valid choices; they stand where a value is used."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory

from ecg.errors import EcgError


class BadSettingError(EcgError):
    """A value that a constructor refuses; the message begins with the parameter's name.

    Whoever builds from a configuration puts the path before it: `model.dropout=2: must be ...`.
    """


def one_of(name: str, value: str, choices: Iterable[str]) -> None:
    """Refuse a value that is none of `choices`.

    Raises:
        BadSettingError: so it is.
    """
    known = list(choices)
    if value not in known:
        close = get_close_matches(str(value), known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise BadSettingError(f"{name}={value}: choose one of {', '.join(known)}{hint}")


def in_range(
    name: str,
    value: float,
    low: float,
    high: float = float("inf"),
    *,
    include_low: bool = True,
    include_high: bool = True,
) -> None:
    """Refuse a value outside the interval from `low` to `high`, and anything but a number.

    Raises:
        BadSettingError: so it is.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        above = value >= low if include_low else value > low
        below = value <= high if include_high else value < high
        if above and below:
            return
    if high == float("inf"):
        wanted = f"{'at least' if include_low else 'more than'} {_plain(low)}"
    else:
        wanted = f"from {_plain(low)}{_note(include_low)} to {_plain(high)}{_note(include_high)}"
    raise BadSettingError(f"{name}={_plain(value)}: must be {wanted}")


def check_out(out: Path) -> None:
    """Refuse a folder for results before there are any, where it cannot be made or written; nothing is made.

    Raises:
        EcgError: so it is.
    """
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise EcgError(f"{there} is a file; choose another --out")
    try:
        with TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        raise EcgError(f"--out {out}: cannot be written ({error.strerror or error}); choose another folder") from None


def _plain(value: object) -> str:
    """A number as a person would type it: no exponent below 10^12."""
    return f"{value:.12g}" if isinstance(value, Real) and not isinstance(value, bool) else str(value)


def _note(included: bool) -> str:
    return "" if included else " (not included)"
