"""`ecg evaluate` on one page: weights, other beats, what of them trained the weights, scores, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from ecg.beats.splits import Split
from ecg.beats.table import SIGNAL, Beats
from ecg.checks import one_of
from ecg.config import RunConfig
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.evaluate import describe
from ecg.evaluate.files import Evaluation, check_folder, folder_name, write_evaluation
from ecg.evaluate.overlap import TRAINED, Overlap, overlap, training_marks
from ecg.evaluate.settings import check_leads, evaluated_config
from ecg.metrics.baselines import baseline_probabilities
from ecg.metrics.confusion import FloatArray
from ecg.page.numbers import number
from ecg.pipeline.diagnosis import THRESHOLD, tested_patients
from ecg.report.results import labelled_ways, score
from ecg.runs.folder import RunFolder
from ecg.runs.lineage import Training, trainings
from ecg.runs.weights import Weights, load_weights
from ecg.training.inference import probabilities
from ecg.training.labelling import Labelling

SUBSETS = ("test", "val", "train", "all")


def evaluate(
    where: Path | str,
    overrides: str | Sequence[str] = (),
    *,
    subset: str = "test",
    out: Path | str | None = None,
    force: bool = False,
    doing: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Score weights on other beats than their own test beats, without training.

    Args:
        where: a run folder or a weights file.
        overrides: what is changed in the run's configuration: `dataset.*`, data_dir, cache_dir, bootstrap, seed.
        subset: of the evaluated split; `all` takes every beat of the source.
        out: folder for the results; by default below `evaluations` beside the weights.
        force: replace results that are there.
        doing: told what is being done.

    Raises:
        EcgError: something the user can put right.
    """
    overrides = [overrides] if isinstance(overrides, str) else overrides
    one_of("--subset", subset, SUBSETS)
    if out is not None:
        check_folder(Path(out), force=force)
    doing("reading the weights and the data")
    weights = load_weights(Path(where))
    config = evaluated_config(weights, overrides)
    data = _data(config, weights, subset)
    trained = trainings(weights)
    index = data.split.subsets["test" if subset == "all" else subset]
    common = overlap(trained, data, index)
    sentence = describe.overlap_sentence(common, trained)
    info = describe.evaluated_info(data, weights, index, common, sentence, subset)
    usual = weights.path.parent / "evaluations" / folder_name(info, subset, overrides)
    folder = usual if out is None else Path(out)
    check_folder(folder, force=force)
    beats = data.beats.take(index)
    labelled = probabilities(weights.model, data.beats, index=index)
    baselines = _baselines(data, beats, trained, common)
    found, others = labelled_ways(Labelling.of(weights.labelling, info.classes), labelled, beats, info)
    how: dict[str, Any] = {"replicates": config.bootstrap, "seed": config.seed}
    if info.by_patient and subset in ("test", "all"):
        limit = number(weights.training.get(THRESHOLD))
        how["patients"] = tested_patients(data, weights.model, labelled, nan if limit is None else limit)
    results = score(info, beats, found, **how, baselines=baselines, others=others)
    doing("drawing")
    made = Evaluation(RunFolder(folder), results, common, sentence, describe.own_scores(weights), weights)
    name = describe.evaluation_name(weights, config, info)
    facts = describe.headline_facts(name, config, weights, common, subset, overrides)
    described = describe.how_made(config, weights, info, [str(where), *overrides, "--subset", subset])
    write_evaluation(made, data.source, name, facts=facts, described=described)
    return made


def _data(config: RunConfig, weights: Weights, subset: str) -> BeatData:
    """The evaluated beats, divided; refused before anything is read where the task is another one.

    Raises:
        EcgError: other classes or beats of another shape than the weights know.
    """
    known = weights.info
    data: BeatData = config.data()
    if data.classes != known.classes:
        raise EcgError(
            f"dataset={data.dataset} has the classes {', '.join(data.classes)}; these weights know only "
            f"{', '.join(known.classes)} (dataset={known.dataset}), so there is nothing to score"
        )
    check_leads(known.wanted, data.leads, many=known.shapes[SIGNAL][0] > 1)
    if subset == "all":
        data.split_rule = _everything
    data.prepare_data()
    data.setup()
    if data.info.shapes != known.shapes:
        raise EcgError(f"the beats have the shapes {data.info.shapes}; these weights know {known.shapes}")
    data.serve(weights.model)
    return data


def _everything(beats: Beats) -> Split:
    none = np.empty(0, dtype=np.int64)
    return Split("all", none, none, np.arange(len(beats)))


def _baselines(
    data: BeatData, beats: Beats, trained: Sequence[Training], common: Overlap
) -> dict[str, FloatArray] | None:
    """As a run has them beside its test beats; None unless the training beats are at hand and are others."""
    if not data.with_baselines or common.beats != 0 or common.elsewhere:
        return None
    mine = data.beats.take(training_marks(trained[:1], data) == TRAINED)
    if len(mine) != sum(letters.count(TRAINED) for letters in (trained[0].letters or {}).values()):
        return None
    return baseline_probabilities(mine.signal, mine.y, beats.signal, len(data.classes))
