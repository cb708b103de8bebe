"""`ecg export`: the same model in another format, with its metadata, or no file at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from torch import nn

from ecg.beats.labels import AAMI_CLASSES
from ecg.config.compose import compose
from ecg.data import arrhythmia, mi
from ecg.data.info import DataInfo
from ecg.data.people import TARGETS
from ecg.errors import EcgError
from ecg.export import export, pipeline
from ecg.export.check import Check, check_file, sample_to_check
from ecg.export.onnx_model import onnx_model
from ecg.models import MODELS, LayeredModel
from ecg.recordings import download
from ecg.recordings.databases import DATABASES, BeatDatabase, DiagnosisDatabase
from ecg.runs.folder import RunFolder
from ecg.runs.reading import save_config
from ecg.runs.weights import load_weights, save_weights

MI_CLASSES = TARGETS["mi_vs_normal"].classes
KINDS = [(model, classes) for model in MODELS for classes in (AAMI_CLASSES, MI_CLASSES)]


SHAPES = {
    "signal": (1, 187),
    "template": (2, 187),
    "rhythm": (40,),
    "shape": (55,),
    "measures": (1, 27),
    "global": (2,),
}


INPUTS = {
    "sequence": ("signal", "rhythm"),
    "context": ("rhythm", "shape"),
    "context_cnn": ("signal", "template", "rhythm", "shape"),
    "waves": ("signal", "measures", "global"),
    "ensemble": ("rhythm", "shape"),
}


def network(model: str, n_classes: int) -> LayeredModel:
    """A registered model of those inputs that it takes."""
    takes = signature(MODELS[model]).parameters
    given = {"inputs": SHAPES} if "inputs" in takes else {"input_shape": SHAPES["signal"]}
    return MODELS[model](**given, n_classes=n_classes)


def drawn(model: LayeredModel, n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs of so many beats, or windows, whose first and last beats are missing by turns."""
    rng = np.random.default_rng(seed)
    lead = (n,) if model.beats == 1 else (n, model.beats)
    given = {name: rng.random((*lead, *shape), dtype=np.float32) for name, shape in model.inputs.items()}
    if model.beats == 1:
        return given
    place, missing = np.arange(model.beats), rng.integers(0, model.beats, (n, 1))
    odd = np.arange(n)[:, None] % 2 == 1
    return given | {"mask": np.where(odd, place >= missing, place <= missing)}


def write_weights(path: Path, model: str = "kachuee", classes: tuple[str, ...] = AAMI_CLASSES) -> Path:
    """Weights as chance made them, BatchNorm statistics included, so that a forgotten eval mode shows."""
    torch.manual_seed(1)
    made = network(model, n_classes=len(classes))
    made.train()({name: torch.from_numpy(x) for name, x in drawn(made, 64).items()})
    info = DataInfo(
        dataset="arrhythmia" if classes == AAMI_CLASSES else "mi",
        classes=classes,
        source="synthetic",
        simulated=True,
        segmentation="kaggle",
        fs=120.0,
        r_peak_s=0.0,
        shapes={"signal": SHAPES["signal"], **made.inputs},
        leads=("MLII",),
        wanted=("first",),
        databases=(),
        split="patients",
        by_patient=True,
        notes=("A note of the split.",),
        fingerprint="0",
        counts={"train": dict.fromkeys(classes, 1)},
    )
    training = {"test/macro_f1": 0.5, "seed": 1}
    save_weights(
        path, made.state_dict(), info=info, model={"name": model}, segmentation={"name": "kaggle"}, training=training
    )
    return path


@pytest.fixture(scope="module")
def kachuee(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights") / "weights.safetensors")


@pytest.mark.filterwarnings("error")  # nothing of the exporter is said to the user
@pytest.mark.parametrize(("model", "classes"), KINDS)
def test_onnxruntime_gives_what_torch_gives_for_any_number_of_beats(
    model: str, classes: tuple[str, ...], tmp_path: Path
) -> None:
    weights = load_weights(write_weights(tmp_path / "weights.safetensors", model, classes))
    made = export(weights.path, beats=50)
    assert made.path == tmp_path / "weights.onnx"
    assert tuple(weights.model.inputs) == INPUTS.get(model, ("signal",))
    beats = 50 if weights.model.beats == 1 else 64  # whole windows
    assert made.checked_on.startswith(f"{beats} random beats")
    assert made.check.beats == beats
    assert made.check.largest < 1e-5
    assert made.check.other_labels == 0
    session = onnxruntime.InferenceSession(str(made.path))
    several = weights.model.beats > 1
    lead = ["batch", weights.model.beats] if several else ["batch"]
    expected = [(name, "tensor(float)", [*lead, *shape]) for name, shape in weights.model.inputs.items()]
    expected += [("mask", "tensor(bool)", lead)] if several else []
    assert [(given.name, given.type, given.shape) for given in session.get_inputs()] == expected
    assert [out.name for out in session.get_outputs()] == ["probabilities", "logits"]
    for n in (1, 3, 40 if several else 600):
        given = drawn(weights.model, n, seed=n)
        probability, logits = session.run(None, given)
        with torch.inference_mode():
            ours = weights.model({name: torch.from_numpy(x) for name, x in given.items()})
        np.testing.assert_allclose(logits, ours.numpy(), atol=1e-4)
        np.testing.assert_allclose(probability, ours.softmax(-1).numpy(), atol=1e-5)
        assert probability.shape == (n, *lead[1:], len(classes))


def test_a_mask_that_no_layer_takes_is_not_in_the_file(kachuee: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = {"shape": nn.Sequential(nn.Flatten(), nn.Linear(187, 5)), "same": nn.Identity()}
    model = LayeredModel(layers, input_shape=(1, 187), n_classes=5, beats=4, sequence_from="same").eval()
    weights = replace(load_weights(kachuee), model=model)
    path = tmp_path / "a.onnx"
    path.write_bytes(onnx_model(weights).SerializeToString())
    session = onnxruntime.InferenceSession(str(path))
    assert [given.name for given in session.get_inputs()] == ["signal"]
    sample = sample_to_check(weights, data_dir=None, most=10)
    assert set(sample.inputs) == {"signal", "mask"}
    assert check_file(path, weights, sample).require().beats == 12


def test_the_metadata_is_that_of_the_weights(kachuee: Path, tmp_path: Path) -> None:
    path = export(kachuee, out=tmp_path / "deep" / "model.onnx", beats=5).path
    found = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    with safe_open(kachuee, "pt") as stored:
        assert found == stored.metadata()
    data = json.loads(found["data"])
    assert data["classes"] == list(AAMI_CLASSES)
    assert (data["fs"], data["leads"], data["split"]) == (120.0, ["MLII"], "patients")
    assert json.loads(found["training"])["test/macro_f1"] == 0.5


def test_the_same_weights_give_the_same_file(kachuee: Path) -> None:
    weights = load_weights(kachuee)
    assert onnx_model(weights).SerializeToString() == onnx_model(weights).SerializeToString()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on simulated recordings as far as export reads it."""
    home = tmp_path_factory.mktemp("run")
    folder = RunFolder(home / "run")
    folder.make()
    write_weights(folder.weights)
    few = ("dataset.source=synthetic", "dataset.synthetic.patients=6", "dataset.synthetic.minutes=0.5")
    save_config(compose("model=kachuee", *few, f"cache_dir={home / 'cache'}"), folder.config)
    return folder.path


def test_it_is_checked_on_the_runs_own_test_beats(run_folder: Path, command: Callable[..., str]) -> None:
    said = command("export", run_folder, "--beats", 20)
    assert (run_folder / "weights.onnx").is_file()
    assert "checked on 20 of the " in said
    assert "test beats of arrhythmia, SIMULATED recordings" in said
    assert "all labels equal" in said
    assert "no diagnosis" in said
    assert "weights were trained on SIMULATED" in said


def test_without_the_recordings_random_beats_are_taken_and_nothing_is_downloaded(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a check is worth no download")

    monkeypatch.setattr(download, "download", never)
    copy = RunFolder(tmp_path / "run")
    write_weights(copy.weights)
    beats, diagnoses = (
        [name for name, one in DATABASES.items() if isinstance(one, kind)] for kind in (BeatDatabase, DiagnosisDatabase)
    )
    every = [
        (dataset, source, databases)
        for dataset, sources, names in (("arrhythmia", arrhythmia.SOURCES, beats), ("mi", mi.SOURCES, diagnoses))
        for source in sources
        for databases in ([names[:1], names[1:], names] if source == "physionet" else [names[:1]])
    ]
    absent = 0
    for dataset, source, databases in every:
        of = (f"dataset={dataset}", f"dataset.source={source}", f"dataset.databases=[{','.join(databases)}]")
        config = compose(*of, "model=kachuee")
        if config.data(str(tmp_path / "nothing")).source.at_hand():
            assert source in ("synthetic", "sample")
            continue
        absent += 1
        save_config(config, copy.config)
        made = export(copy.path, data_dir=tmp_path / "nothing", beats=5, force=True)
        assert "random beats" in made.checked_on
        assert f"dataset.source={source}" in made.checked_on
    assert absent >= 8


def test_weights_that_stand_alone_are_checked_on_random_beats(kachuee: Path, tmp_path: Path) -> None:
    made = export(kachuee, out=tmp_path / "a.onnx", beats=7)
    assert made.checked_on.startswith("7 random beats")
    assert "stand alone" in made.checked_on


def test_a_file_that_is_there_is_kept_unless_forced(kachuee: Path, tmp_path: Path, command: Callable[..., str]) -> None:
    out = tmp_path / "a.onnx"
    out.write_text("mine")
    assert "--force" in command("export", kachuee, "--out", out, "--beats", 5, code=1)
    assert out.read_text() == "mine"
    command("export", kachuee, "--out", out, "--beats", 5, "--force")
    onnx.checker.check_model(str(out))


def test_a_model_that_disagrees_leaves_no_file(kachuee: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bent(weights: object) -> onnx.ModelProto:
        made = onnx_model(weights)  # type: ignore[arg-type]
        head = next(tensor for tensor in made.graph.initializer if tensor.name.endswith("head.bias"))
        head.CopyFrom(
            onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(head) + np.float32([1, 0, 0, 0, 0]), head.name)
        )
        return made

    monkeypatch.setattr(pipeline, "onnx_model", bent)
    with pytest.raises(EcgError, match="disagree on 5 beats"):
        export(kachuee, out=tmp_path / "a.onnx", beats=5)
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.onnx").write_text("older")
    with pytest.raises(EcgError, match="disagree"):
        export(kachuee, out=tmp_path / "a.onnx", beats=5, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
    assert (tmp_path / "a.onnx").read_text() == "older"


def test_not_a_number_is_no_agreement() -> None:
    assert Check(3, 1e-5, 0).require().sentence.endswith("all labels equal")
    for bad in (2e-4, float("nan")):
        with pytest.raises(EcgError, match="no file was written"):
            Check(3, bad, 0).require()


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    library: str, kachuee: Path, tmp_path: Path, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    said = command("export", kachuee, "--out", tmp_path / "a.onnx", code=1)
    assert said.startswith("error: ecg export needs onnx and onnxruntime; install them with: pip install 'onnx>=")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--beats", "0"], "--beats 0: must be at least 1"),
        (["--out", "."], "is a folder; name a file"),
    ],
)
def test_bad_words_end_in_one_line(words: list[str], message: str, kachuee: Path, command: Callable[..., str]) -> None:
    said = command("export", kachuee, *words, code=1)
    assert message in said
    assert len(said.splitlines()) == 1


def test_no_weights_end_in_one_line(tmp_path: Path, command: Callable[..., str]) -> None:
    assert "does not exist" in command("export", tmp_path / "none", code=1)
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    assert "no safetensors file" in command("export", tmp_path, code=1)


@pytest.mark.real
def test_real_beats_agree(ecg_data: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    write_weights(folder.weights, "kachuee", MI_CLASSES)
    save_config(compose("dataset=mi", "model=kachuee", f"cache_dir={tmp_path}"), folder.config)
    made = export(folder.path, data_dir=ecg_data)
    assert "test beats of mi (MI against normal), source physionet" in made.checked_on
