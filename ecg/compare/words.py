"""What a comparison found, in sentences that name the split they come from."""

from __future__ import annotations

from collections.abc import Mapping

from ecg.compare.measures import Measure, Spread, best_setting, control_lines, over_runs, shown_spread, spread
from ecg.compare.series import panels
from ecg.compare.settings import TIME, TRAINED, Group, Setting
from ecg.compare.tested import Tested
from ecg.page.numbers import count, duration, percent
from ecg.runs.run import RANDOM


def where_tested(group: Group, tested: Mapping[str, Tested]) -> str:
    """Which beats the numbers of `group` come from, and whether they were the same ones in every run."""
    if not any(run.tested for run in group.runs):
        return f"None was tested: these are scores of validation beats, split {group.split} of {group.dataset}."
    start = f"Tested on split {group.split} of {group.dataset}, source {group.source}"
    found = [tested[str(run.folder)] for run in group.runs if str(run.folder) in tested]
    if not found:
        return f"{start}."
    sizes = sorted({one.beats for one in found})
    beats = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    people = sorted({one.patients for one in found})
    patients = f" of {people[0]:,} patients" if people[-1] == people[0] > 0 else ""
    if len({one.which for one in found}) == 1:
        same = "the same ones in every run" if len(found) > 1 else "one run"
    elif _differ_between_settings(group, tested):
        same = "NOT the same ones in all settings, so that part of a difference may be the beats'"
    else:
        same = "others for each seed or fold, so that the spread includes them"
    return f"{start}: {beats} beats{patients}, {same}."


def findings(group: Group, measure: Measure) -> list[str]:
    """The best setting, against from scratch and the controls, at which cost, and how far to trust it."""
    best = best_setting(group.settings, measure)
    if best is None:
        return []
    setting, found = best
    split = f"on split {group.split} of {group.dataset}"
    if len(group.settings) == 1:
        lines = [f"{measure.title} {split}: {_value(found, measure)}.", *_trust(setting, measure)]
        return [" ".join(lines), *_controls(group, measure)]
    word = "lowest" if measure.lower_is_better else "highest"
    first = f"{measure.title} {split} is {word} with {setting.label}: {_value(found, measure)}."
    against = _against_scratch(group, setting, measure)
    parts = [
        *([[first, *against]] if len(panels(group)) == 1 else [[first], *([line] for line in against)]),
        [*_first_layer(group, measure), *_controls(group, measure)],
        [*_chosen_by_validation(group, setting, measure), *_trust(setting, measure)],
    ]
    return [" ".join(lines) for lines in parts if lines]


def against_controls(group: Group, measure: Measure) -> str | None:
    """Whether any setting beats what needs no training, in a sentence; None where there is nothing to beat."""
    best, controls = best_setting(group.settings, measure), control_lines(group, measure)
    if best is None or not controls:
        return None
    sign = -1 if measure.lower_is_better else 1
    name, value = max(controls.items(), key=lambda one: sign * one[1])
    bar = f"{name} ({measure.show(value)}{measure.unit})"
    means = [found.mean for s in group.settings if (found := over_runs(s.runs, measure.key)) is not None]
    better = sum(sign * mean > sign * value for mean in means)
    if not better:
        return f"{measure.title}: no setting beats {bar}; the best, {best[0].label}, has {_value(best[1], measure)}."
    which = f"{better} of {len(means)} settings beat" if len(means) > 1 else f"{best[0].label} beats"
    return f"{measure.title}: {which} {bar}; the best, {best[0].label}, has {_value(best[1], measure)}."


def paired(one: Setting, other: Setting, key: str) -> Spread | None:
    """Differences `one - other` of a metric between runs of the same seed and fold; None where there are no such."""
    values = {run.replicate: run.value(key) for run in other.runs}
    pairs = [(run.value(key), values.get(run.replicate)) for run in one.runs]
    return spread(a - b for a, b in pairs if a is not None and b is not None)


def _against_scratch(group: Group, best: Setting, measure: Measure) -> list[str]:
    """In each panel the best transfer beside the best training from scratch: score, parameters and time."""
    lines = []
    every = panels(group)
    for panel in every:
        scratch, transfer = (
            best_setting((s for s in panel.settings if s.role == role), measure) for role in ("scratch", "transfer")
        )
        if scratch is None or transfer is None:
            continue
        (without, plain), (setting, found) = scratch, transfer
        text = f"{without.label[:1].upper()}{without.label[1:]} it is {_value(plain, measure)}"
        if setting is not best:
            text += f", with the best transfer, {setting.label}, {_value(found, measure)}"
        if (difference := paired(setting, without, measure.key)) is not None:
            sd = "" if difference.sd is None else f"sd {measure.show(difference.sd)}, "
            gained = f"{measure.scale * difference.mean:+.2f}{' points' if measure.unit else ''}"
            text += f"; seed by seed, transfer differs from it by {gained} ({sd}n={difference.n})"
        lines += [f"{text}.", *(_cost(setting, without) if len(every) == 1 else [])]
    return lines


def _cost(setting: Setting, without: Setting) -> list[str]:
    """Parameters and time of a transfer in terms of training from scratch."""
    parts = []
    for key, what, show in ((TRAINED, "the parameters to train", count), (TIME, "the training time", duration)):
        mine, theirs = over_runs(setting.runs, key), over_runs(without.runs, key)
        if mine and theirs and theirs.mean > 0:
            share = percent(mine.mean / theirs.mean, 1 if mine.mean / theirs.mean > 0.01 else 3)
            parts.append(f"{share} % of {what} ({show(mine.mean)} of {show(theirs.mean)})")
    return [f"Compared with {without.label}, {setting.label} has {' and '.join(parts)}."] if parts else []


def _first_layer(group: Group, measure: Measure) -> list[str]:
    """What the source's features alone are worth: k = 1, and the same on networks with frozen random weights."""
    head = best_setting([s for s in group.settings if s.k == 1 and s.role == "transfer"], measure)
    if head is None:
        return []
    # with all layers retrained nothing is frozen: that is training from scratch
    noise = [s for s in group.settings if s.role == RANDOM and s.k != s.runs[0].value("transfer/layers")]
    same, best = best_setting([s for s in noise if s.k == 1], measure), best_setting(noise, measure)
    others = {s.label: _value(found, measure) for s, found in filter(None, (same, best))}
    words = [f"{label}: {value}" for label, value in others.items()]
    against = f"; on frozen random weights: {'; '.join(words)}" if words else ""
    return [f"The head alone on the source's features ({head[0].label}) gives {_value(head[1], measure)}{against}."]


def _controls(group: Group, measure: Measure) -> list[str]:
    lines = [f"{name} {measure.show(value)}{measure.unit}" for name, value in control_lines(group, measure).items()]
    return [f"Without a network: {', '.join(lines)}."] if lines else []


def _chosen_by_validation(group: Group, best: Setting, measure: Measure) -> list[str]:
    """What an honest choice, made without the test beats, would have got."""
    n = len(group.settings)
    if measure.key.startswith(("best/", "val/")):
        return [f"It was picked among {n} by the same score, which is therefore a little too good."]
    picked = f"{best.label} was picked by looking at the test beats of {n} settings: its number is a little too good."
    monitors = {key for run in group.runs for key in run.metrics if key.startswith("best/")}
    chosen = best_setting(group.settings, Measure(monitors.pop())) if len(monitors) == 1 else None
    reached = over_runs(chosen[0].runs, measure.key) if chosen else None
    if chosen is None or reached is None:
        return [picked]
    if chosen[0] is best:
        return [f"The validation beats would have chosen {best.label} too."]
    return [f"{picked} The validation beats would have chosen {chosen[0].label}: {_value(reached, measure)}."]


def _trust(setting: Setting, measure: Measure) -> list[str]:
    """The interval over test patients or beats beside the spread over seeds."""
    there = [run.intervals[measure.key] for run in setting.runs if measure.key in run.intervals]
    lines = []
    if there:
        by_patient = setting.runs[0].said("split") in ("patients", "folds") or measure.key.startswith("subject/")
        drawn = "patients" if by_patient else "beats"
        width = sum(high - low for low, high in there) / len(there)
        lines.append(
            f"Another draw of test {drawn} would move such a number too: the 95 % interval of a single run is "
            f"{measure.show(width)}{' points' if measure.unit else ''} wide."
        )
    if len(setting.runs) == 1:
        lines.append("One seed only: differences as small as the spread over seeds cannot be told from chance.")
    return lines


def _value(found: Spread, measure: Measure) -> str:
    over = f" (n={found.n})" if found.n > 1 else " (one run)"
    return f"{shown_spread(found, measure)}{measure.unit}{over}"


def _differ_between_settings(group: Group, tested: Mapping[str, Tested]) -> bool:
    """Whether two settings had different test beats at the same seed and fold."""
    seen = {(run.replicate, one.which) for run in group.runs if (one := tested.get(str(run.folder)))}
    return len(seen) > len({replicate for replicate, _ in seen})
