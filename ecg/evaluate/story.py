"""`ecg evaluate` on one page: weights, other beats, what of them trained the weights, scores, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.config import RunConfig, compose
from ecg.config.checks import one_of
from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.evaluate.files import check_folder, folder_name, write_evaluation
from ecg.evaluate.lineage import Training, trainings
from ecg.evaluate.overlap import TRAINED, Overlap, overlap, training_marks
from ecg.evaluate.settings import evaluated_config
from ecg.evaluate.words import overlap_sentence, own_scores, side_note, split_notes, weights_notes
from ecg.metrics.baselines import baseline_probabilities
from ecg.recordings.data_dir import cache_folder, data_folder
from ecg.recordings.download import sha256
from ecg.report.results import Results, score
from ecg.training.folder import RunFolder
from ecg.training.inference import probabilities
from ecg.training.provenance import provenance
from ecg.training.weights import Weights, load_weights

SIDES = ("test", "val", "train", "all")


@dataclass(frozen=True)
class EvaluatedInfo(DataInfo):
    """Description of evaluated beats, whose split does not say who trained.

    Attributes:
        new_patients: whether it is certain that none of their patients trained the weights.
    """

    new_patients: bool = False

    @property
    def by_patient(self) -> bool:
        """Whether scores by record and patient, and intervals over patients, mean what they seem to."""
        return self.new_patients


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` made.

    Attributes:
        folder: tables, figures, `metrics.json` and the page.
        results: every score.
        overlap: what the evaluated beats and training have in common.
        sentence: the same in words.
        comparison: what the weights reached on their own test beats, in words.
        tried: whether the weights come from a run with `trainer.limit_batches`.
    """

    folder: RunFolder
    results: Results
    overlap: Overlap
    sentence: str
    comparison: str
    tried: bool


def evaluate(
    where: Path,
    overrides: Sequence[str] = (),
    *,
    side: str = "test",
    out: Path | None = None,
    force: bool = False,
    doing: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Score weights on other beats than their own test beats, without training.

    Args:
        where: a run folder or a weights file.
        overrides: what is changed in the run's configuration: `dataset.*`, data_dir, cache_dir, bootstrap, seed.
        side: of the evaluated split; `all` takes every beat of the source.
        out: folder for the results; by default below `evaluations` beside the weights.
        force: replace results that are there.
        doing: told what is being done.

    Raises:
        EcgError: something the user can put right.
    """
    one_of("--side", side, SIDES)
    if out is not None:
        check_folder(out, force=force)
    doing("reading the weights and the data")
    weights = load_weights(where)
    config = evaluated_config(weights, overrides)
    data = _data(config, weights, side)
    trained = trainings(weights)
    index = np.arange(len(data.beats)) if side == "all" else data.split.sides[side]
    common = overlap(trained, config.dataset, data, index)
    sentence = overlap_sentence(common, trained)
    info = _info(data, weights, index, common, sentence, side)
    folder = out or weights.path.parent / "evaluations" / folder_name(info, side, overrides)
    check_folder(folder, force=force)
    results = _score(config, weights, data, info, index, trained, common)
    doing("drawing")
    comparison = own_scores(weights)
    described = _described(config, weights, data, [str(where), *overrides, "--side", side])
    write_evaluation(
        RunFolder(folder),
        _name(weights, info),
        results,
        data,
        weights,
        facts=_facts(config, weights, described, common, sentence, side, overrides),
        described=described,
        where=f"evaluated: {weights.path}\n{comparison}".strip(),
    )
    tried = weights.training.get("limit_batches") is not None
    return Evaluation(RunFolder(folder), results, common, sentence, comparison, tried)


def _data(config: RunConfig, weights: Weights, side: str) -> BeatData:
    """The evaluated beats, divided; refused before anything is read where the task is another one.

    Raises:
        EcgError: other classes or beats of another shape than the weights know.
    """
    known = weights.info
    data = config.dataset.build(
        data_dir=data_folder(Path(config.data_dir) if config.data_dir else None),
        cache=cache_folder(Path(config.cache_dir) if config.cache_dir else None),
        batch_size=config.trainer.batch_size,
        seed=config.seed,
    )
    if data.classes != known.classes:
        raise EcgError(
            f"dataset={config.dataset.name} has the classes {', '.join(data.classes)}; these weights know only "
            f"{', '.join(known.classes)} (dataset={known.dataset}), so there is nothing to score"
        )
    if side == "all":
        data.split_rule = _everything
    data.prepare_data()
    data.setup()
    if data.info.shape != known.shape:
        raise EcgError(f"the beats have the shape {data.info.shape}; these weights know {known.shape}")
    return data


def _everything(beats: Beats) -> Split:
    none = np.empty(0, dtype=np.int64)
    return Split("all", none, none, np.arange(len(beats)))


def _info(
    data: BeatData, weights: Weights, index: npt.NDArray[np.int64], common: Overlap, sentence: str, side: str
) -> EvaluatedInfo:
    """The data's description, with notes and counts that are about the evaluated beats and this training."""
    info, y = data.info, data.beats.y[index]
    leads = sorted({str(lead) for lead in data.beats.lead[index]})
    of_source = tuple(note for note in info.notes if note not in data.split.notes)
    notes = (
        sentence,
        *weights_notes(weights, leads, simulated=info.simulated),
        *side_note(side),
        *of_source,
        *split_notes(data.split.notes, common, side=side),
    )
    said = {field.name: getattr(info, field.name) for field in fields(DataInfo)}
    said |= {
        "notes": notes,
        "leads": tuple(leads),
        "split": info.split if side in ("test", "all") else f"{info.split}, {side} side",
        "counts": {"evaluated": {name: int((y == c).sum()) for c, name in enumerate(info.classes)}},
    }
    return EvaluatedInfo(**said, new_patients=common.new_patients)


def _score(
    config: RunConfig,
    weights: Weights,
    data: BeatData,
    info: EvaluatedInfo,
    index: npt.NDArray[np.int64],
    trained: Sequence[Training],
    common: Overlap,
) -> Results:
    """As a run scores its test beats; with baselines where the training beats are at hand and are others."""
    beats = data.beats.take(index)
    labelled = probabilities(weights.model, beats.x, doing="labelling beats")
    baselines = None
    if config.dataset.with_baselines and common.beats == 0 and not common.elsewhere:
        mine = data.beats.take(training_marks(trained[:1], data) == TRAINED)
        if len(mine) == sum(letters.count(TRAINED) for letters in (trained[0].letters or {}).values()):
            baselines = baseline_probabilities(mine.x, mine.y, beats.x, len(info.classes))
    return score(info, beats, labelled, replicates=config.bootstrap, seed=config.seed, baselines=baselines)


def _name(weights: Weights, info: DataInfo) -> str:
    name = str(weights.training.get("name") or weights.path.stem)
    simulated = " (trained on SIMULATED recordings)" if weights.info.simulated and not info.simulated else ""
    return f"{name}{simulated}, evaluated"


def _described(config: RunConfig, weights: Weights, data: BeatData, words: list[str]) -> dict[str, object]:
    """How the evaluation was made."""
    made = provenance(seed=config.seed, fingerprint=data.info.fingerprint, precision="32-true", wandb_id="")
    made |= {"command": ["-m", "ecg.cli", "evaluate", *words], "wandb_id": None}
    stored = {"file": str(weights.path.resolve()), "sha256": sha256(weights.path), "trained_on": weights.info.title}
    return {**made, "weights": stored, "config": {**compose.as_dict(config), "dataset": asdict(config.dataset)}}


def _facts(
    config: RunConfig,
    weights: Weights,
    described: dict[str, object],
    common: Overlap,
    sentence: str,
    side: str,
    overrides: Sequence[str],
) -> dict[str, object]:
    """What metrics.json says beside the scores."""
    own = {f"own/{key}": value for key, value in weights.training.items() if key.startswith("test/")}
    return {
        "name": _name(weights, weights.info),
        "job_type": "evaluation",
        "model": config.model.name,
        "seed": weights.training.get("seed"),
        "limit_batches": weights.training.get("limit_batches"),
        "weights": described["weights"],
        "side": side,
        "overrides": list(overrides),
        **common.described(),
        "overlap": sentence,
        "own/split": weights.info.split,
        "own/source": weights.info.source,
        **own,
    }
