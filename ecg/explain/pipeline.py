"""`ecg explain` on one page: load, study, draw, write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ecg.atomic import whole_file
from ecg.checks import check_out
from ecg.errors import EcgError
from ecg.explain.figures import knowledge, maps
from ecg.explain.findings import Findings
from ecg.explain.maps import captum_attr
from ecg.explain.page import explained_page
from ecg.explain.study import Amounts, study
from ecg.explain.subject import load_subject
from ecg.explain.words import layer_sentences, looked_sentences
from ecg.page import write_page
from ecg.progress import track
from ecg.report.save import save_figure
from ecg.runs.find import paths

BEATS = 3000
FEWEST = 100


@dataclass(frozen=True)
class Explained:
    """What `explain` made.

    Attributes:
        page: the HTML page; tables and figures are beside it.
        sentences: the findings in words.
        tables: the content of the CSV files, by name; empty where there is nothing to say. Shares and scores are
            fractions, `low` and `high` the ends of 95 % intervals.

            - `attribution`: by `class`, wave (`region`) and `method`, its `share` of the evidence, `share_of_time`,
              and their `ratio`; `right`: whether beats predicted correctly alone are counted.
            - `inputs` and `features`: the `share` of the evidence by `class`, `input` and, of features, `feature`.
            - `trust`: by `check`, `method` and `of` (a layer or another run), the `mean` over `beats`.
            - `probes`: by `layer`, `what` was asked (class, record) and `model` (trained, untrained, source), the
              `score` (balanced accuracy) beside `chance`.
            - `cka`: likeness of each `layer` to each `other_layer` of the `other` model, 0 to 1.
    """

    page: Path
    sentences: tuple[str, ...]
    tables: Mapping[str, pd.DataFrame]


def explain(
    runs: Path | str | Sequence[Path | str],
    *,
    out: Path | str | None = None,
    dataset_from: Path | str | None = None,
    data_dir: Path | str | None = None,
    beats: int = BEATS,
    layer: str | None = None,
    seed: int = 0,
    doing: Callable[[str], None] = lambda _: None,
) -> Explained:
    """Explain a trained model: figures, tables and a page.

    Args:
        runs: run folders or weights files; the first is explained, the others are its other seeds.
        out: folder for the results; by default `explain` in the first run's folder.
        dataset_from: the run whose dataset is used; by default the first run itself.
        data_dir: holds mitdb/ and so on.
        beats: beats per subset of each probe; maps and checks take a share of it.
        layer: where Grad-CAM looks.
        seed: same seed, same numbers.
        doing: told what is being done.

    Raises:
        EcgError: something the user can put right.
    """
    if beats < FEWEST:
        raise EcgError(f"--beats {beats}: {FEWEST} or more are needed")
    captum_attr()  # say so before minutes of work if it is missing
    if not (named := paths(runs)):
        raise EcgError("no run to explain: name one, or several seeds of one")
    folder = Path(out) if out is not None else (named[0].parent if named[0].is_file() else named[0]) / "explain"
    check_out(folder)
    doing("reading the weights and the data")
    of, where = (None if path is None else Path(path) for path in (dataset_from, data_dir))
    subject = load_subject(named, dataset_from=of, data_dir=where)
    findings = study(subject, Amounts.of(beats), layer=layer, seed=seed, doing=doing)
    doing("drawing")
    pictures = {}
    for name, draw in track(list(_figures(findings)), "drawing"):
        save_figure(draw(), folder / f"{name}.png")
        pictures[name] = (folder / f"{name}.png").read_bytes()
    for name, table in findings.tables.items():
        if len(table):
            with whole_file(folder / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False, float_format="%.4f")
    write_page(folder / "index.html", explained_page(findings, pictures, beats=beats, seed=seed))
    said = (*layer_sentences(findings), *looked_sentences(findings))
    return Explained(folder / "index.html", said, findings.tables)


def _figures(findings: Findings) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Every figure by file name, not drawn yet."""
    for chosen in findings.mapped.chosen:
        title = f"A beat through the layers: {chosen.kind}"
        yield chosen.file_name, partial(knowledge.layers_figure, findings, chosen.beat, title)
    if findings.trust is not None:
        yield "saliency", partial(maps.saliency_figure, findings)
        yield "classes", partial(maps.classes_figure, findings)
        yield "waves", partial(maps.shares_figure, findings)
        yield "agreement", partial(maps.agreement_figure, findings)
        yield "random_weights", partial(maps.cascade_figure, findings)
        yield "deletion", partial(maps.deletion_figure, findings)
    if len(findings.layers.probes):
        yield "probes", partial(knowledge.probes_figure, findings)
    yield "embeddings_class", partial(knowledge.embeddings_figure, findings, "class")
    if (findings.layers.shown.patient != "").all():
        yield "embeddings_record", partial(knowledge.embeddings_figure, findings, "record")
    if len(findings.layers.cka):
        yield "cka", partial(knowledge.cka_figure, findings)
