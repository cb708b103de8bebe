"""What a search varies: settings in Hydra's own grammar, as distributions and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from omegaconf import OmegaConf

from ecg.config import RunConfig
from ecg.errors import EcgError
from ecg.runs.study import import_optuna

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

WAYS = "interval(1e-4,1e-2), tag(log,interval(1e-4,1e-2)), int(interval(1,8)), range(1,9) or choice(a,b)"


@dataclass(frozen=True)
class Space:
    """Settings that vary, and those that stay.

    Attributes:
        varied: distribution of each setting by its key.
        fixed: the other settings, as typed.
        words: each varied setting as it was written, by its key.
    """

    varied: Mapping[str, BaseDistribution]
    fixed: tuple[str, ...]
    words: Mapping[str, str]

    def typed(self, values: Mapping[str, Any]) -> list[str]:
        """The varied settings with these values, as one would type them."""
        return [f"{key}={_text(value)}" for key, value in values.items()]

    def corners(self) -> list[dict[str, Any]]:
        """Few values that say whether every setting exists and takes what it is given: each one's ends, or choices."""
        ends = {key: _ends(one) for key, one in self.varied.items()}
        first = {key: values[0] for key, values in ends.items()}
        more = [first | {key: value} for key, values in ends.items() for value in values[1:]]
        return [first, *more]

    def present(self, config: RunConfig, chosen: Mapping[str, Any]) -> dict[str, Any] | None:
        """The values that the settings have without a search; None where they are not all within the space.

        Args:
            config: of a run without a search.
            chosen: file of each group.
        """
        tree, found = OmegaConf.create(config.as_dict()), dict[str, Any]()
        for key, one in self.varied.items():
            value = chosen[key] if key in chosen else OmegaConf.select(tree, key.lstrip("+"))
            choices = getattr(one, "choices", None)
            if choices is not None:
                value = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                if value not in choices:
                    return None
            elif not isinstance(value, int | float) or isinstance(value, bool) or not one._contains(value):
                return None
            found[key] = value
        return found

    @property
    def said(self) -> str:
        """The space as text: two searches of the same text are one."""
        return json.dumps({**self.words, "": " ".join(sorted(self.fixed))}, sort_keys=True)


def space_of(words: Sequence[str], parser: OverridesParser) -> Space:
    """The space that overrides describe; a later one for the same key counts.

    Args:
        words: as typed, or as `hydra.sweeper.params` holds them.
        parser: of Hydra's grammar, which knows the groups.

    Raises:
        EcgError: one has a form that cannot be searched.
    """
    last: dict[str, Override] = {}
    for one in parser.parse_overrides(list(words)):
        last[one.get_key_element()] = one
    varied = {key: _distribution(one) for key, one in last.items() if one.is_sweep_override()}
    fixed = [str(one.input_line) for one in last.values() if not one.is_sweep_override()]
    return Space(varied, tuple(fixed), {key: str(last[key].input_line).partition("=")[2] for key in varied})


def _distribution(one: Override) -> BaseDistribution:
    import_optuna()
    value, written = one.value(), str(one.input_line)
    try:
        if one.is_choice_sweep():
            from optuna.distributions import CategoricalDistribution

            return CategoricalDistribution([str(choice) for choice in one.sweep_string_iterator()])
        if isinstance(value, RangeSweep) and value.start is not None and value.stop is not None:
            steps = math.ceil((value.stop - value.start) / value.step)  # the end is left out
            last, whole = value.start + value.step * (steps - 1), not isinstance(value.start + value.step, float)
            return _number(value.start, last, value.step, whole=whole, log="log" in value.tags)
        if isinstance(value, IntervalSweep) and value.start is not None and value.end is not None:
            return _number(value.start, value.end, None, whole=isinstance(value.start, int), log="log" in value.tags)
    except ValueError as error:
        raise EcgError(f"{written}: {' '.join(str(error).split())}") from None
    raise EcgError(f"{one.get_key_element()}: cannot be searched as {written.partition('=')[2]}; write {WAYS}")


def _number(low: float, high: float, step: float | None, *, whole: bool, log: bool) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if whole:
        return IntDistribution(int(low), int(high), log=log, step=int(step or 1))
    return FloatDistribution(float(low), float(high), log=log, step=None if log else step)


def _ends(one: BaseDistribution) -> list[Any]:
    choices = getattr(one, "choices", None)
    if choices is not None:
        return list(choices)
    low, high = one.low, one.high  # type: ignore[attr-defined]
    return [low, high, (low + high) / 2] if isinstance(low, float) else [low, high]  # typed, 1.0 looks whole


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
