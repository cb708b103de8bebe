"""`ecg explain` as a user runs it, on run folders of untrained models over simulated recordings."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner, Result

from ecg.beats.segmentations import settings_of
from ecg.commands import cli
from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.explain.sampling import Chosen, telling_beats
from ecg.explain.study import Amounts, study
from ecg.explain.subject import load_subject
from ecg.recordings.checksum import sha256
from ecg.runs.folder import RunFolder
from ecg.runs.reading import save_config
from ecg.runs.weights import save_weights

MakeRun = Callable[..., Path]


@pytest.fixture(scope="module")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Makes a run folder, as far as `ecg explain` needs it."""
    base = tmp_path_factory.mktemp("runs")

    def make(name: str, *overrides: str, seed: int = 0) -> Path:
        given = ["dataset=arrhythmia", "model=kachuee", "dataset.source=synthetic", "dataset.split=patients",
                 "dataset.synthetic.patients=12", "dataset.synthetic.minutes=0.5", f"cache_dir={base / 'cache'}",
                 *overrides]  # fmt: skip
        config = compose(*given)
        data = config.data()
        data.prepare_data()
        data.setup()
        torch.manual_seed(seed)
        model = config.network(inputs=data.info.shapes, n_classes=len(data.info.classes))
        folder = RunFolder(base / name)
        folder.make()
        save_config(config, folder.config)
        save_weights(
            folder.weights,
            model.state_dict(),
            info=data.info,
            model=config.model,
            segmentation=settings_of(data.segmentation),
            training={},
        )
        return folder.path

    return make


@pytest.fixture(scope="module")
def run(make_run: MakeRun) -> Path:
    """A run transferred from another."""
    source, run = make_run("source", seed=1), make_run("run", seed=0)
    (run / "transfer.json").write_text(json.dumps(origin(source / "weights.safetensors")))
    return run


def origin(weights: Path, **other: str) -> dict[str, str]:
    """What transfer.json says of a source."""
    return {"source": str(weights), "sha256": sha256(weights), "trained_on": "simulated beats"} | other


@pytest.fixture(scope="module")
def second_seed(make_run: MakeRun) -> Path:
    return make_run("second", seed=2)


def explain(*words: object) -> Result:
    return CliRunner().invoke(cli, ["explain", *map(str, words)])


SMALL = Amounts(probed=60, mapped=20, tested=3, shown=40, draws=1)


def three_of(*given: object) -> list[Chosen]:
    """The first, the borderline and the wrong one of the chosen beats: fewer figures to draw."""
    chosen = telling_beats(*given)  # type: ignore[arg-type]
    return [chosen[0], *chosen[-2:]]


@pytest.fixture(scope="module")
def explained(run: Path, second_seed: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Amounts, "of", lambda beats: SMALL)
        patch.setattr("ecg.explain.study.telling_beats", three_of)
        result = explain(run, second_seed, "--beats", 100)
    assert result.exit_code == 0, result.output
    assert f"page: {run / 'explain' / 'index.html'}" in result.output
    return run / "explain"


def test_writes_page_tables_and_figures(explained: Path) -> None:
    for name in ("index.html", "attribution.csv", "trust.csv", "probes.csv", "cka.csv"):
        assert (explained / name).stat().st_size > 100
    figures = {path.stem for path in explained.glob("*.png")}
    assert {"saliency", "classes", "waves", "agreement", "random_weights", "deletion", "probes", "cka"} <= figures
    assert {"embeddings_class", "embeddings_record", "layers_typical_N", "layers_borderline_beat"} <= figures
    assert not (explained / "inputs.csv").exists()  # the signal is the only input


def test_the_page_is_whole_and_asks_for_nothing(explained: Path) -> None:
    page = (explained / "index.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "SIMULATED" in page
    assert page.count("<img") == len(list(explained.glob("*.png")))
    assert page.count("How to read") >= 10


def test_tables_hold_what_they_promise(explained: Path) -> None:
    attribution = pd.read_csv(explained / "attribution.csv")
    sums = attribution.groupby(["class", "method"])["share"].sum()
    np.testing.assert_allclose(sums, 1, atol=0.01)
    assert set(attribution["method"]) == {"integrated gradients", "Grad-CAM", "HiResCAM"}
    probes = pd.read_csv(explained / "probes.csv")
    assert set(probes["model"]) == {"trained", "untrained", "source"}
    assert ((probes["score"] >= 0) & (probes["score"] <= 1) & (probes["chance"] < 1)).all()
    checks = set(pd.read_csv(explained / "trust.csv")["check"])
    assert {"rank correlation of seeds", "rank correlation after random weights", "area under deletion"} <= checks
    assert set(pd.read_csv(explained / "cka.csv")["other"]) == {"source", "2: second"}


def test_same_seed_same_numbers(second_seed: Path) -> None:
    subject = load_subject([second_seed])
    one, two = (study(subject, SMALL, layer=None, seed=5, doing=lambda _: None) for _ in range(2))
    pd.testing.assert_frame_equal(one.attribution, two.attribution)
    pd.testing.assert_frame_equal(one.trust.table, two.trust.table)
    pd.testing.assert_frame_equal(one.layers.probes, two.layers.probes)


def test_weights_that_stand_alone_need_a_dataset(run: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(run / "weights.safetensors", tmp_path / "alone.safetensors"))
    with pytest.raises(EcgError, match=r"alone.safetensors stands alone.*--dataset-from"):
        load_subject([alone])
    assert len(load_subject([alone], dataset_from=run).test) >= 20


def test_a_source_that_is_gone_is_said_and_not_fatal(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "moved", ignore=shutil.ignore_patterns("explain")))
    weights = run / "weights.safetensors"
    (folder / "transfer.json").write_text(json.dumps(origin(weights, source="/nowhere/weights.safetensors")))
    subject = load_subject([folder])
    assert subject.source is None
    assert "/nowhere" in subject.source_note
    (folder / "transfer.json").write_text(json.dumps(origin(weights, sha256="0")))
    assert "changed since" in load_subject([folder]).source_note
    (folder / "transfer.json").write_text("[]")
    assert "transfer.json is damaged: it holds a list" in load_subject([folder]).source_note


def test_what_cannot_be_explained_is_said_in_one_line(run: Path, make_run: MakeRun, tmp_path: Path) -> None:
    other = make_run("other", "model=cnn")
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    shutil.copy(run / "config.yaml", unfinished)
    csv = make_run("csv")
    config = csv / "config.yaml"
    config.write_text(
        config.read_text().replace("source: synthetic", "source: kaggle").replace("patients\n", "kaggle\n")
    )
    expected = {
        (tmp_path / "nothing",): "does not exist",
        (unfinished,): "its run is not finished",
        (run, other): "other has model cnn (dropout=0.3), run has kachuee; give several seeds of one run",
        (run, "--layer", "fc9"): "--layer fc9: the model has no such layer",
        (run, "--beats", 5): "--beats 5: 100 or more",
        (csv, "--data-dir", tmp_path): "mitbih_train.csv",
    }
    for words, message in expected.items():
        result = explain(*words)
        assert isinstance(result.exception, EcgError), (words, result.output)
        assert message in str(result.exception)
        assert "\n" not in str(result.exception)


def test_amounts_follow_the_number_of_beats_within_bounds() -> None:
    few, many = Amounts.of(100), Amounts.of(100_000)
    assert (few.mapped, few.tested, few.shown) == (40, 12, 100)
    assert (many.probed, many.mapped, many.tested, many.shown) == (100_000, 600, 100, 1000)
