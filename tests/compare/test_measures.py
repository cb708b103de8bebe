"""Means, standard deviations and n are exact; sentences follow from them."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

import numpy as np
import pytest

from ecg.compare import find_runs
from ecg.compare.figures.confusions import mean_matrix
from ecg.compare.figures.curves import mean_curve
from ecg.compare.files import summary_rows
from ecg.compare.measures import Measure, control_lines, measures_of, over_runs, shown_spread, spread
from ecg.compare.settings import Group, group_runs
from ecg.compare.tested import read_tested
from ecg.compare.words import against_controls, findings, paired, where_tested
from ecg.errors import EcgError
from ecg.page.numbers import duration, percent

from .conftest import fake_run

F1 = Measure("test/macro_f1")


def _group(root: Path, scores: dict[tuple[int | None, str | None], list[float]], **more: object) -> Group:
    number = 0
    for (k, source), values in scores.items():
        for seed, value in enumerate(values):
            metrics = {"test/macro_f1": value, **more}
            fake_run(root / str(number), k=k, source=source, seed=seed, metrics=metrics)
            number += 1
    (group,) = group_runs(find_runs(root))
    return group


def test_mean_sd_and_n_over_seeds(tmp_path: Path) -> None:
    values = [0.7, 0.8, 0.75]
    group = _group(tmp_path, {(3, None): values, (None, None): [0.6]})
    found = over_runs(group.settings[0].runs, F1.key)
    assert found is not None
    assert (found.mean, found.sd, found.n) == (pytest.approx(0.75), pytest.approx(statistics.stdev(values)), 3)
    assert shown_spread(found, F1) == "75.00 ± 5.00"
    one = over_runs(group.settings[1].runs, F1.key)
    assert one is not None
    assert (one.sd, one.n) == (None, 1)
    assert shown_spread(one, F1) == "60.00"


def test_runs_without_the_metric_are_not_counted_as_zero() -> None:
    found = spread([0.5, None, 0.7])
    assert found is not None
    assert (found.mean, found.n) == (pytest.approx(0.6), 2)
    assert spread([None]) is None


def test_summary_rows_agree_with_numpy_and_leave_sd_empty_for_one_run(tmp_path: Path) -> None:
    group = _group(tmp_path, {(3, None): [0.7, 0.8, 0.9], (None, None): [0.6]})
    first, second = summary_rows([group])
    assert first["test/macro_f1/mean"] == pytest.approx(np.mean([0.7, 0.8, 0.9]))
    assert first["test/macro_f1/sd"] == pytest.approx(np.std([0.7, 0.8, 0.9], ddof=1))
    assert (first["test/macro_f1/n"], first["n"], first["seeds"]) == (3, 3, "0 1 2")
    assert (second["test/macro_f1/sd"], second["setting"]) == (None, "from scratch")


def test_differences_are_paired_by_seed(tmp_path: Path) -> None:
    group = _group(tmp_path, {(3, None): [0.7, 0.9], (None, None): [0.6, 0.7, 0.1]})
    found = paired(group.settings[0], group.settings[1], F1.key)
    assert found is not None
    assert (found.mean, found.n) == (pytest.approx(0.15), 2)
    assert found.sd == pytest.approx(statistics.stdev([0.1, 0.2]))


def test_findings_name_the_split_the_best_the_controls_and_the_choice_by_validation(tmp_path: Path) -> None:
    group = _group(tmp_path, {(1, None): [0.6], (3, None): [0.8], (1, "random"): [0.5], (None, None): [0.7]})
    text = " ".join(findings(group, F1))
    assert "on split patients of mi is highest with k=3: 80.00 %" in text
    assert "From scratch it is 70.00 %" in text
    assert "+10.00 points (n=1)" in text
    assert "The head alone on the source's features (k=1) gives 60.00 %" in text
    assert "random, k=1: 50.00 %" in text
    assert "majority class 37.50 %, nearest neighbour 60.50 %" in text
    assert "validation beats would have chosen" in text
    assert "the 95 % interval of a single run is 7.50 points wide" in text


def test_where_scratch_wins_it_is_said(tmp_path: Path) -> None:
    group = _group(tmp_path, {(3, None): [0.6, 0.62], (None, None): [0.7, 0.72]})
    text = " ".join(findings(group, F1))
    assert "highest with from scratch: 71.00 ± 1.41 %" in text
    assert "transfer differs from it by -10.00 points" in text


def test_lower_is_better_for_calibration(tmp_path: Path) -> None:
    group = _group(tmp_path, {(1, None): [0.5], (2, None): [0.5]})
    low = Measure("test/ece")
    assert low.lower_is_better
    assert "lowest" in findings(group, low)[0]


def test_a_random_network_with_nothing_frozen_is_not_called_frozen(tmp_path: Path) -> None:
    group = _group(tmp_path, {(1, None): [0.6], (1, "random"): [0.5], (8, "random"): [0.9]})
    (line,) = [line for line in findings(group, F1) if "head alone" in line]
    assert "random, k=1: 50.00" in line
    assert "k=8" not in line


def test_controls_are_means_over_runs_and_chance_for_auroc(tmp_path: Path) -> None:
    group = _group(tmp_path, {(1, None): [0.6, 0.6]}, **{"baseline/nearest/test/macro_f1": 0.65})
    assert control_lines(group, F1) == {
        "majority class": pytest.approx(0.375),
        "nearest neighbour": pytest.approx(0.65),
    }
    assert control_lines(group, Measure("subject/auroc")) == {"chance": 0.5}


def test_it_says_how_many_settings_beat_the_best_control_or_that_none_does(tmp_path: Path) -> None:
    scores: dict[tuple[int | None, str | None], list[float]] = {(1, None): [0.2], (3, None): [0.6]}
    some = _group(tmp_path / "some", scores, **{"baseline/nearest/test/macro_f1": 0.5})
    none = _group(tmp_path / "none", scores, **{"baseline/nearest/test/macro_f1": 0.7})
    assert against_controls(some, F1) == (
        "Macro-F1: 1 of 2 settings beat nearest neighbour (50.00 %); the best, k=3, has 60.00 % (one run)."
    )
    assert against_controls(none, F1) == (
        "Macro-F1: no setting beats nearest neighbour (70.00 %); the best, k=3, has 60.00 % (one run)."
    )
    assert against_controls(some, Measure("time/fit_s")) is None


def test_beats_that_are_not_the_same_are_told(tmp_path: Path) -> None:
    for number, (seed, which) in enumerate([(0, 0), (1, 0)]):
        fake_run(tmp_path / "same" / str(number), seed=seed, beats_seed=which)
        fake_run(tmp_path / "seeds" / str(number), seed=seed, beats_seed=seed)
        fake_run(tmp_path / "settings" / str(number), k=number + 1, beats_seed=number)
    said = {}
    for part in ("same", "seeds", "settings"):
        (group,) = group_runs(find_runs(tmp_path / part))
        said[part] = where_tested(group, read_tested(group.runs, []))
    assert "400 beats of 20 patients, the same ones in every run" in said["same"]
    assert "others for each seed or fold" in said["seeds"]
    assert "NOT the same ones in all settings" in said["settings"]


def test_confusion_is_the_mean_of_row_shares(tmp_path: Path) -> None:
    rows = {
        0: ["healthy,healthy", "healthy,MI", "MI,MI"],
        1: ["healthy,healthy", "MI,healthy", "MI,MI", "MI,MI", "MI,MI"],
    }
    for seed, lines in rows.items():
        folder = fake_run(tmp_path / str(seed), seed=seed)
        with (folder / "predictions.csv").open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["record", "patient", "sample", "label", "predicted", "p_healthy", "p_MI"])
            writer.writerows(["r", "p", i, *line.split(","), 0.5, 0.5] for i, line in enumerate(lines))
    (group,) = group_runs(find_runs(tmp_path))
    found = mean_matrix(group.settings[0], read_tested(group.runs, []))
    assert found is not None
    assert tuple(found.index) == tuple(found.columns) == ("healthy", "MI")
    np.testing.assert_allclose(found, [[0.75, 0.25], [0.125, 0.875]])


def test_a_mean_curve_ends_with_the_shortest_run() -> None:
    np.testing.assert_allclose(mean_curve([np.array([1.0, 2, 3]), np.array([3.0, 4])]), [2, 3])


def test_an_unknown_metric_names_those_there_are(sweep: Path) -> None:
    runs = find_runs(sweep)
    with pytest.raises(EcgError, match=r"--metric test/f2: no run has it; there are .*test/macro_f1"):
        measures_of(runs, "test/f2")
    assert [m.key for m in measures_of(runs, "test/accuracy")] == ["test/accuracy", "subject/auroc"]
    assert [m.key for m in measures_of(runs, "subject/auroc")] == ["subject/auroc", "test/macro_f1"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.421, "0.42 s"), (59.96, "1 min 00 s"), (533, "8 min 53 s"), (3899, "1 h 04 min"), (None, "-")],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_percent_of_nothing_is_a_dash() -> None:
    assert (percent(float("nan")), percent(True), percent(0.12346)) == ("-", "-", "12.35")
