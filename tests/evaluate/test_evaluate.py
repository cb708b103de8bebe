"""`ecg evaluate`: a run's own numbers where nothing is changed, and never a word too few on what trained the model."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from ecg.errors import EcgError
from ecg.evaluate import evaluate
from ecg.evaluate.settings import check_leads, evaluated_config
from ecg.runs.find import run_folders
from ecg.runs.folder import RunFolder
from ecg.runs.run import load_run
from ecg.runs.weights import load_weights

Command = Callable[..., str]


def metrics(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return content


MODELS_OWN = "diagnosis/model/"


def scores(folder: Path) -> dict[str, Any]:
    prefixes = ("test/", "records/", "records_median/", "subject/", "ec57/", "without_232/", "baseline/", "intervals")
    found = {key: value for key, value in metrics(folder).items() if key.startswith(prefixes)}
    # trees and age are fitted where the run is, not where it is evaluated; the model's own scores are the same
    other = {key for key in found["intervals"] if key.startswith("diagnosis/") and not key.startswith(MODELS_OWN)}
    return found | {"intervals": {key: pair for key, pair in found["intervals"].items() if key not in other}}


def training_beats(run: Path) -> set[tuple[str, int]]:
    """Record and sample of the run's training beats, from its configuration alone."""
    data = load_run(run).datamodule()
    data.prepare_data()
    data.setup()
    trained = data.beats.take(data.split.train)
    return set(zip(map(str, trained.record), map(int, trained.sample), strict=True))


def evaluated_beats(folder: Path) -> list[tuple[str, int]]:
    table = pd.read_csv(folder / "predictions.csv", dtype={"record": str})
    return list(zip(table["record"], table["sample"], strict=True))


@pytest.mark.parametrize("name", ["by_patient", "by_beat", "sequence", "mi"])
def test_nothing_changed_gives_the_runs_own_scores(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run: Path = request.getfixturevalue(name)
    made = evaluate(run, out=tmp_path / "same")
    assert scores(made.folder.path) == scores(run)
    own = {key: value for key, value in metrics(run).items() if key.startswith(MODELS_OWN)}
    assert own.items() <= metrics(made.folder.path).items()
    assert bool(own) == (name == "mi")
    assert made.overlap.beats == 0
    pd.testing.assert_frame_equal(pd.read_csv(made.folder.predictions), pd.read_csv(run / "predictions.csv"))


def test_new_patients_are_said_to_be_new(by_patient: Path, tmp_path: Path) -> None:
    made = evaluate(by_patient, out=tmp_path / "same")
    assert not made.overlap.loud
    assert made.sentence.startswith("No patient in common")
    found = metrics(made.folder.path)
    assert (found["overlap/beats"], found["overlap/records"], found["overlap/patients"]) == (0, 0, 0)
    assert "OVERLAP" not in made.folder.page.read_text()


def test_known_patients_are_counted_where_their_beats_are_new(by_beat: Path, tmp_path: Path) -> None:
    made = evaluate(by_beat, out=tmp_path / "same")
    assert made.overlap.loud
    assert made.sentence.startswith(
        "OVERLAP: no evaluated beat trained this model, but other beats of the same patients"
    )
    found = metrics(made.folder.path)
    assert found["overlap/beats"] == 0
    assert found["overlap/patients"] == found["evaluated/patients"] == 12


def test_beats_that_trained_are_counted_on_terminal_page_and_in_metrics(
    by_beat: Path, tmp_path: Path, command: Command
) -> None:
    out = tmp_path / "patients"
    said = command("evaluate", by_beat, "dataset.split=patients", "--out", out)
    beats = evaluated_beats(out)
    shared = len([beat for beat in beats if beat in training_beats(by_beat)])
    assert 0 < shared < len(beats)
    found = metrics(out)
    assert found["overlap/beats"] == shared
    assert found["overlap/patients"] == found["overlap/records"] == found["evaluated/patients"]
    sentence = f"OVERLAP: {shared:,} of the {len(beats):,} evaluated beats trained this model"
    for text in (said, (out / "report/index.html").read_text(), found["overlap/said"], found["notes"][0]):
        assert sentence in text
    assert "records/S/se" not in found  # scores by record are for records that are new
    assert "too narrow for new patients" in said


@pytest.mark.parametrize(("subset", "trained", "chose"), [("train", 1, 0), ("val", 0, 1)])
def test_the_other_subsets_are_what_they_are(
    subset: str, trained: int, chose: int, by_patient: Path, tmp_path: Path
) -> None:
    made = evaluate(by_patient, subset=subset, out=tmp_path / subset)
    n = made.overlap.of_beats
    assert (made.overlap.beats, made.overlap.validation) == (trained * n, chose * n)
    assert made.overlap.loud
    assert f"split patients, {subset} subset" in made.results.context.title
    assert made.results.context.title.endswith("evaluated beats")
    letter = {"train": "T", "val": "V"}[subset]
    split = json.loads((by_patient / "split.json").read_text())
    assert n == sum(letters.count(letter) for letters in split["beats"].values())


def test_every_beat_of_a_source_can_be_evaluated(by_patient: Path, tmp_path: Path) -> None:
    made = evaluate(by_patient, subset="all", out=tmp_path / "all")
    split = json.loads((by_patient / "split.json").read_text())
    assert made.overlap.of_beats == sum(map(len, split["beats"].values()))
    counts = [sum(letters.count(letter) for letters in split["beats"].values()) for letter in "TV"]
    assert [made.overlap.beats, made.overlap.validation] == counts
    page = made.folder.page.read_text()
    assert "Every beat of the source was evaluated" in page
    assert "test beats of split" not in page


def test_other_simulated_patients_are_new_and_the_folder_is_named_for_them(
    by_beat: Path, command: Command, drawn: None
) -> None:
    said = command("evaluate", by_beat, "dataset.synthetic.seed=7", "dataset.split=patients", "--subset", "all")
    assert "No patient in common: these are other recordings" in said
    out = by_beat / "evaluations" / "arrhythmia-synthetic-all-synthetic.seed7"
    found = metrics(out)
    assert (found["overlap/beats"], found["overlap/patients"], found["evaluated/patients"]) == (0, 0, 12)
    assert "records/S/se" in found
    assert "resampling whole patients" in said
    assert "same patients are in training and test" not in said
    assert found["simulated"] is True
    for name in ("predictions.csv", "records.csv", "evaluation.json", "report/results.md", "report/strip.png"):
        assert (out / name).is_file()
    assert not (out / "report/learning_curves.png").exists()
    assert not list(out.rglob("*.tmp"))


def test_the_same_simulated_patients_for_longer_are_known(by_patient: Path, tmp_path: Path) -> None:
    """Their recordings are others, so that nobody can tell which beats trained: whole records count."""
    made = evaluate(by_patient, ["dataset.synthetic.minutes=0.6"], subset="all", out=tmp_path / "longer")
    people = json.loads((by_patient / "split.json").read_text())["patients"]["train"]
    assert made.overlap.patients == len(people)
    assert made.overlap.at_most
    assert made.overlap.beats == sum(beat[0] in people for beat in evaluated_beats(made.folder.path))
    assert "OVERLAP: up to " in made.sentence


def test_beats_are_found_again_where_they_were_thinned(mi: Path, tmp_path: Path) -> None:
    made = evaluate(mi, ["dataset.beats_per_patient=null"], subset="all", out=tmp_path / "all")
    beats = evaluated_beats(made.folder.path)
    shared = training_beats(mi) & set(beats)
    assert len(shared) == len(training_beats(mi)) < len(beats)
    assert made.overlap.beats == len(shared)
    assert not made.overlap.at_most


def test_the_page_makes_no_request_and_says_what_was_done(by_patient: Path, tmp_path: Path) -> None:
    made = evaluate(by_patient, ["dataset.split=beats"], out=tmp_path / "beats")
    html = made.folder.page.read_text()
    assert not re.findall(r"(?:src|href)=[\"'](?!#|data:)[^\"']*", html)
    assert not re.findall(r"https?://", html)
    assert "SIMULATED" in html
    assert "ecg evaluate" in html
    assert "dataset.split=beats --subset test" in html
    own = "arrhythmia, SIMULATED recordings, source synthetic, segmentation kaggle, split patients"
    assert f"on its own test beats ({own})" in html


def standing_alone(run: Path, folder: Path) -> tuple[Path, list[str]]:
    """The weights without their run, and the settings that they do not know."""
    alone = Path(shutil.copy(run / "weights.safetensors", folder / "alone.safetensors"))
    cache = load_run(run).config.cache_dir
    return alone, ["dataset.synthetic.patients=12", "dataset.synthetic.minutes=0.5", f"cache_dir={cache}"]


def test_weights_that_stand_alone_do_not_tell_which_beats_trained(by_beat: Path, tmp_path: Path) -> None:
    alone, small = standing_alone(by_beat, tmp_path)
    made = evaluate(alone, [*small, "bootstrap=20"])
    assert made.folder.path == tmp_path / "evaluations" / (
        "arrhythmia-synthetic-beats-test-synthetic.patients12-synthetic.minutes0.5"
    )
    assert "OVERLAP UNKNOWN" in made.sentence
    assert "no split.json beside the weights" in made.sentence
    found = metrics(made.folder.path)
    assert found["overlap/beats"] is None
    assert found["overlap/patients"] is None
    assert found["test/accuracy"] == metrics(by_beat)["test/accuracy"]


@pytest.mark.parametrize("subset", ["test", "val", "train"])
def test_weights_that_stand_alone_tell_which_patients_trained(subset: str, by_patient: Path, tmp_path: Path) -> None:
    alone, small = standing_alone(by_patient, tmp_path)
    made = evaluate(alone, [*small, "bootstrap=0"], subset=subset)
    seen = subset != "test"  # who chose the best epoch counts as well
    assert made.sentence.startswith("OVERLAP: up to " if seen else "No patient in common: none of the ")
    assert made.overlap.loud is seen
    assert made.overlap.patients == (made.overlap.of_patients if seen else 0)
    assert made.overlap.records == (made.overlap.of_records if seen else 0)


def test_weights_that_stand_alone_do_not_tell_who_trained_the_layers_they_took(
    train: Callable[..., Path], by_beat: Path, tmp_path: Path
) -> None:
    moved = train("dataset=arrhythmia", f"transfer.source={by_beat}", "transfer.trainable_layers=2")
    assert evaluate(moved, ["bootstrap=0"]).overlap.loud  # its folder tells
    alone, small = standing_alone(moved, tmp_path)
    assert "OVERLAP" in evaluate(alone, [*small, "bootstrap=0"]).sentence


@pytest.mark.parametrize("seed", ["abc", [1], None])
def test_a_seed_in_a_strangers_file_that_is_none_is_left_aside(seed: object, by_patient: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    with safe_open(by_patient / "weights.safetensors", "pt") as stored:
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        metadata = stored.metadata() | {"training": json.dumps({"seed": seed})}
    save_file(tensors, alone, metadata)
    assert evaluated_config(load_weights(alone), []).seed == 0


def test_results_are_not_overwritten_unless_forced(by_patient: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "out"
    command("evaluate", by_patient, "--out", out)
    assert (out / "records.csv").is_file()
    before = (out / "metrics.json").read_bytes()
    assert "holds something already" in command("evaluate", by_patient, "dataset.split=beats", "--out", out, code=1)
    assert (out / "metrics.json").read_bytes() == before
    command("evaluate", by_patient, "dataset.split=beats", "--out", out, "--force")
    assert metrics(out)["split"] == "beats"
    assert not (out / "records.csv").exists()  # the older results' own


def test_a_runs_own_folder_is_never_written_into(by_patient: Path, command: Command) -> None:
    before = (by_patient / "metrics.json").read_bytes()
    said = command("evaluate", by_patient, "--out", by_patient, "--force", code=1)
    assert "is a run's own folder" in said
    assert (by_patient / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["trainer.max_epochs=3"],
            "trainer.max_epochs=3: ecg evaluate changes only dataset.*, data_dir, cache_dir, boot",
        ),
        (["model=cnn"], "the model and its training are the weights' own"),
        (["dataset.sorce=synthetic"], "unknown key dataset.sorce: did you mean dataset.source?"),
        (["dataset.source=nowhere"], "dataset.source=nowhere: choose one of physionet, sample, kaggle, synthetic"),
        (["dataset.synthetic.patients=many"], "dataset.synthetic.patients=many: must be a whole number"),
        (["dataset.split=fold"], "dataset.split=fold: choose one of auto, kaggle, beats, patients, folds"),
        (["dataset.source.x=1"], "dataset.source={'x': 1}: choose one of physionet, sample, kaggle"),
        (["dataset.synthetic=5"], "dataset.synthetic=5: holds settings of its own, e.g. dataset.synthetic.KEY=VALUE"),
        (["dataset.data_dir=x"], "dataset.data_dir is no setting: write data_dir="),
        (["dataset._target_=os.system"], "os.system: a run folder or a weights file may name only parts of ecg"),
        (["dataset.split=beats,patients"], "one value for each key"),
        (["~dataset.split"], "one value for each key"),
        (["dataset.split"], "cannot read the setting 'dataset.split'"),
        (["dataset=mi"], "dataset=mi has the classes normal, MI; these weights know only N, S, V, F, Q"),
        (["dataset=birds"], "dataset=birds: choose one of arrhythmia, mi"),
        (["dataset.segmentation=paper"], "dataset.segmentation=paper: these weights know beats of KaggleSegmentation"),
        (["bootstrap=-1"], "bootstrap=-1: must be from 0 to 100000"),
        (["--subset", "left"], "--subset=left: choose one of test, val, train, all"),
    ],
)
def test_what_cannot_be_evaluated_ends_in_one_line(
    words: list[str], message: str, by_patient: Path, command: Command
) -> None:
    said = command("evaluate", by_patient, *words, code=1)
    (line,) = [line for line in said.splitlines() if not line.endswith(" ...")]
    assert message in line
    assert not (by_patient / "evaluations").exists()


def test_the_dataset_group_can_be_named_again(by_patient: Path, tmp_path: Path) -> None:
    """It then starts from that dataset's own settings, but for the segmentation."""
    cache = load_run(by_patient).config.cache_dir
    named = ["dataset=arrhythmia", "dataset.source=synthetic", "dataset.synthetic.patients=12"]
    made = evaluate(by_patient, [*named, "dataset.synthetic.minutes=0.5", f"cache_dir={cache}"], out=tmp_path / "same")
    assert made.results.metrics == evaluate(by_patient, out=tmp_path / "again").results.metrics


def test_compare_does_not_take_an_evaluation_for_a_run(by_patient: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(by_patient, tmp_path / "runs" / "run"))
    evaluate(copy, ["bootstrap=0"])
    assert RunFolder(copy / "evaluations" / "arrhythmia-synthetic-patients-test").metrics.is_file()
    assert run_folders(tmp_path / "runs") == [copy]


def test_databases_beside_are_evaluated_in_calls_of_their_own(mi: Path, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"^dataset\.external=\[ludb\]: ecg evaluate tests dataset\.databases"):
        evaluate(mi, ["dataset.external=[ludb]"], out=tmp_path / "beside")
    assert not (tmp_path / "beside").exists()


@pytest.mark.parametrize(
    ("known", "given", "refused"),
    [
        (["I", "II", "V2"], ["I", "II", "V2"], False),
        (["I", "II", "V2"], ["i", "ii", "v2"], False),
        (["I", "II", "V2"], ["V5", "V2", "I"], True),
        (["I", "II", "V2"], ["II"], True),
        (["II"], ["I", "II"], True),
        (["II"], ["V5"], False),  # said beside the numbers
        (["MLII|II", "V1"], ["ECG1", "ECG2"], False),  # nobody knows where these electrodes were
    ],
)
def test_weights_of_several_leads_see_these_in_their_order(known: list[str], given: list[str], refused: bool) -> None:
    if not refused:
        check_leads(known, given, many=len(known) > 1)
        return
    with pytest.raises(
        EcgError, match=rf"^dataset\.leads=\[{', '.join(given)}\]: these weights look at {', '.join(known)}"
    ):
        check_leads(known, given, many=len(known) > 1)
