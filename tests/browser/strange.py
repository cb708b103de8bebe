"""Names that try to be something else, and a page's data with such a name behind every text that came from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from ecg.data.info import DataInfo
from ecg.predict.trust import Trust
from ecg.report.tables import NumberTable
from ecg.runs.weights import Weights

MARKUP = "</script><!--<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\"&"
ESCAPE = "\x1b[31mred"
RIGHT_TO_LEFT = "\u202eגל \u0645\u0648\u062c\u0629"
STRANGE = f"{MARKUP} {ESCAPE} {RIGHT_TO_LEFT}"
OURS = frozenset({"colours", "strip", "time", "rr", "label", "reason", "probability", "of", "missed", "missedKind"})
"""What a recording's script reads that never came from outside: colours, and arrays as text."""


def strange(value: Any) -> Any:
    """`value` with `STRANGE` at the end of each text in it that is not a number."""
    if isinstance(value, str):
        return f"{value} {STRANGE}" if any(c.isalpha() for c in value) else value
    if isinstance(value, Mapping):
        return {key: one if key in OURS else strange(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(strange, value))
    if isinstance(value, list | tuple):
        return type(value)(map(strange, value))
    if isinstance(value, DataInfo | NumberTable | Trust | Weights):
        return replace(value, **{one.name: strange(getattr(value, one.name)) for one in fields(value) if one.init})
    return value
