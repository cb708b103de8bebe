"""Who runs which trial of a search, also when processes die."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ecg.errors import EcgError
from ecg.runs.folder import RunFolder, write_json
from ecg.runs.job import Job
from ecg.runs.study import FILES, StudyFolder, outcome, trial_of

optuna = pytest.importorskip("optuna")
SPACE = {"x": optuna.distributions.FloatDistribution(0, 1)}
PRUNER = {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 1, "n_warmup_steps": 0}
SAID = json.dumps({"x": "interval(0,1)", "": ""})


def sampler(number: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.RandomSampler(seed=number)


def begun(folder: StudyFolder, study: optuna.Study, most: int = 9, not_again: set[int] | None = None) -> int | None:
    trial = folder.begin(study, SPACE, sampler, most=most, not_again=not_again or set())
    return None if trial is None else trial.number


@pytest.mark.parametrize("kind", FILES)
def test_a_process_begins_so_many_trials_and_none_twice(tmp_path: Path, kind: str) -> None:
    folder = StudyFolder(tmp_path)
    assert not folder.exists
    with folder.opened(kind, SAID, PRUNER, "maximize") as study:
        assert [begun(folder, study, 3, {0, 1, 2}) for _ in range(4)] == [0, 1, 2, None]
        assert folder.exists
        assert [one.params["x"] for one in study.trials] == [one.params["x"] for one in study.get_trials()]
    assert not list(folder.path.glob("*.owner"))


def test_what_a_dead_process_began_is_taken_up_and_what_a_living_one_runs_is_left(tmp_path: Path) -> None:
    code = f"""
    import sys
    from pathlib import Path
    from ecg.runs.study import StudyFolder
    import optuna
    folder = StudyFolder(Path({str(tmp_path)!r}))
    with folder.opened("journal", {SAID!r}, {PRUNER!r}, "maximize") as study:
        space = {{"x": optuna.distributions.FloatDistribution(0, 1)}}
        folder.begin(study, space, lambda n: optuna.samplers.RandomSampler(seed=n), most=9, not_again=set())
        print("begun", flush=True)
        sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"begun\n"
    folder = StudyFolder(tmp_path)
    with folder.opened("journal", SAID, PRUNER, "maximize") as study:
        assert begun(folder, study) == 1  # 0 is run by the other process
        drawn = study.trials[0].params
        other.kill()
        other.wait()
        assert begun(folder, study) == 0
        assert study.trials[0].params == drawn
        assert begun(folder, study) == 2  # 0 is this process's now
    with StudyFolder(tmp_path).opened("journal", SAID, PRUNER, "maximize"):
        assert len(list(folder.path.glob("*.owner"))) == 1  # what the dead process left is gone


def test_a_search_that_was_broken_off_draws_what_it_would_have_drawn(tmp_path: Path) -> None:
    def drawn(where: Path, pauses: tuple[int, ...]) -> list[float]:
        for count in pauses:
            folder = StudyFolder(where)
            with folder.opened("journal", SAID, PRUNER, "maximize") as study:
                for _ in range(count):
                    trial = folder.begin(study, SPACE, sampler, most=9, not_again=set())
                    assert trial is not None
                    study.tell(trial.number, trial.params["x"])
        return [one.params["x"] for one in study.trials]

    assert drawn(tmp_path / "a", (4,)) == drawn(tmp_path / "b", (1, 2, 1))


def test_another_space_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with StudyFolder(tmp_path).opened("journal", SAID, PRUNER, "maximize"):
        pass
    other = json.dumps({"x": "interval(0,2)", "": ""})
    with (
        pytest.raises(EcgError, match=r"another space: x=interval\(0,1\), now interval\(0,2\)"),
        StudyFolder(tmp_path).opened("journal", other, PRUNER, "maximize"),
    ):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("a file")
    with (
        pytest.raises(EcgError, match=r"cannot write .*study"),
        StudyFolder(tmp_path).opened("journal", SAID, PRUNER, "maximize"),
    ):
        pass


@pytest.mark.parametrize("kind", FILES)
def test_a_job_finds_its_trial_and_the_pruner_by_its_folder(tmp_path: Path, kind: str) -> None:
    assert trial_of(Job(tmp_path / "0_run", sweep=tmp_path)) is None
    assert trial_of(Job(tmp_path / "0_run")) is None
    folder = StudyFolder(tmp_path)
    with folder.opened(kind, SAID, PRUNER, "maximize") as study:
        assert [begun(folder, study, not_again={0}) for _ in range(2)] == [0, 1]
        first, second = (trial_of(Job(tmp_path / f"{n}_run", sweep=tmp_path)) for n in range(2))
        assert first is not None
        assert second is not None
        first.report(0.9, 1)
        study.tell(0, 0.9)
        second.report(0.1, 1)
        assert second.should_prune()
        with pytest.raises(EcgError, match="no trial 7"):
            trial_of(Job(tmp_path / "7_run", sweep=tmp_path))


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / FILES["sqlite"]).write_text("no database at all, but longer than the header of one is" * 9)
    with (
        pytest.raises(EcgError, match=r"study\.db: cannot be used"),
        StudyFolder(tmp_path).opened("sqlite", SAID, PRUNER, "maximize"),
    ):
        pass


def test_a_trials_folder_tells_how_it_ended(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    assert outcome(tmp_path) == ("unfinished", None)
    files.error.write_text("why\n")
    assert outcome(tmp_path) == ("failed", None)
    write_json(files.metrics, {"best/val/macro_f1": 0.5})
    assert outcome(tmp_path) == ("finished", 0.5)
    write_json(files.metrics, {"best/val/macro_f1": 0.5, "pruned_after": 2})
    assert outcome(tmp_path) == ("pruned", 0.5)
    write_json(files.metrics, {"best/val/macro_f1": float("nan")})
    assert outcome(tmp_path) == ("failed", None)
