"""Weights travel with all that is needed to use them, and a stranger's file is not trusted."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

import ecg
from ecg.beats.segmentations import PaperSegmentation
from ecg.config import RunConfig
from ecg.config.compose import compose
from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import LayeredModel, cnn, kachuee
from ecg.runs.folder import RunFolder
from ecg.runs.weights import describe_weights, load_weights, save_weights

New = Callable[..., RunFolder]


def test_tensors_and_description_come_back(tmp_path: Path, info: DataInfo, tiny: Callable[[], LayeredModel]) -> None:
    state = tiny().state_dict()
    path = tmp_path / "weights.safetensors"
    save_weights(
        path,
        state,
        info=info,
        model={"_target_": "ecg.models.cnn", "dropout": 0.3},
        segmentation={"name": "kaggle"},
        training={"seed": 1, "test/macro_f1": 0.5},
    )
    with safe_open(path, framework="pt") as stored:
        metadata = stored.metadata()
        read = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    assert set(read) == set(state)
    assert all(torch.equal(read[name], state[name]) for name in state)
    data = json.loads(metadata["data"])
    assert data["classes"] == ["N", "S", "V"]
    assert (data["fs"], data["segmentation"], data["leads"]) == (120.0, "kaggle", ["MLII", "V5"])
    assert (data["shapes"], data["simulated"]) == ({"signal": [1, 8]}, True)
    assert (data["wanted"], data["databases"], data["by_patient"], data["r_peak_s"]) == (["first"], [], True, 0)
    assert json.loads(metadata["model"]) == {"name": "cnn", "dropout": 0.3}
    assert json.loads(metadata["segmentation"]) == {"name": "kaggle"}
    assert json.loads(metadata["training"])["seed"] == 1
    assert metadata["format"] == "ecg-weights-2"
    assert metadata["ecg"] == ecg.__version__


@pytest.mark.parametrize(
    ("node", "kept"),
    [
        ({"_target_": "ecg.models.kachuee"}, {"name": "kachuee"}),
        ({"name": "cnn", "dropout": 0.1}, {"name": "cnn", "dropout": 0.1}),
        ({"_target_": "mine.cnn", "width": 3}, {"_target_": "mine.cnn", "width": 3}),
        ({"_target_": "ecg.models.own"}, {"_target_": "ecg.models.own"}),
    ],
)
def test_a_model_of_ours_is_kept_by_name_and_another_one_by_its_import_path(
    tmp_path: Path, info: DataInfo, node: dict[str, Any], kept: dict[str, Any]
) -> None:
    save_weights(
        tmp_path / "w", {"w": torch.zeros(1)}, info=info, model=node, segmentation={"name": "kaggle"}, training={}
    )
    assert describe_weights(tmp_path / "w").settings == kept


def test_tensors_that_are_views_are_kept_too(tmp_path: Path, info: DataInfo) -> None:
    tensor = torch.arange(6.0).reshape(2, 3).T
    save_weights(tmp_path / "w", {"w": tensor}, info=info, model={}, segmentation={}, training={})
    with safe_open(tmp_path / "w", framework="pt") as stored:
        assert torch.equal(stored.get_tensor("w"), tensor)
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_weights_that_were_saved_are_a_model_again(tmp_path: Path, info: DataInfo) -> None:
    torch.manual_seed(0)
    beats_of = replace(info, shapes={"signal": (1, 187)})
    model = cnn(input_shape=(1, 187), n_classes=3).eval()
    path = tmp_path / "weights.safetensors"
    settings = {"name": "cnn", "dropout": 0.1}
    segmentation = {"name": "paper", **asdict(PaperSegmentation(rate=100))}
    save_weights(
        path, model.state_dict(), info=beats_of, model=settings, segmentation=segmentation, training={"seed": 4}
    )
    loaded = load_weights(path)
    x = torch.randn(2, 1, 187)
    torch.testing.assert_close(loaded.model(x), model(x))
    assert not loaded.model.training
    assert (loaded.info, loaded.settings, loaded.segmentation) == (beats_of, settings, PaperSegmentation(rate=100))
    assert loaded.training == {"seed": 4}
    (tmp_path / "config.yaml").touch()
    assert load_weights(tmp_path).path == path  # a run folder stands for its file


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-50]), "cut off"),
        (lambda p: p.write_bytes(p.read_bytes()[:100]), "cut off"),
        (lambda p: p.write_bytes(b""), "cut off"),
        (lambda p: p.write_bytes(b"\xff" * 100), "cut off"),
        (lambda p: p.write_text("no weights"), "cut off or no safetensors"),
        (lambda p: save_file({"w": torch.zeros(1)}, p), "holds no format"),
        (lambda p: save_file({"w": torch.zeros(1)}, p, {"format": "ecg-weights-1"}), "holds ecg-weights-1"),
        (lambda p: save_file({"w": torch.zeros(1)}, p, {"format": "ecg-weights-2"}), "does not fit this version"),
        (lambda p: p.unlink(), "does not exist"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_with_the_file(
    tmp_path: Path, info: DataInfo, damage: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "weights.safetensors"
    model = cnn(input_shape=(1, 187), n_classes=3)
    wanted = replace(info, shapes={"signal": (1, 187)})
    settings = {"name": "cnn", "dropout": 0.3}
    save_weights(path, model.state_dict(), info=wanted, model=settings, segmentation={"name": "kaggle"}, training={})
    damage(path)
    with pytest.raises(EcgError, match=said) as caught:
        load_weights(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_folder_without_weights_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match="it is no run folder"):
        load_weights(tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(EcgError, match="its run is not finished"):
        load_weights(tmp_path)


@pytest.fixture(scope="module")
def network() -> dict[str, Tensor]:
    torch.manual_seed(3)
    return kachuee().state_dict()


@pytest.fixture
def crafted(tmp_path: Path, network: dict[str, Tensor]) -> Callable[..., Path]:
    """A weights file of the kachuee network for 187 samples and five classes, with some metadata changed."""

    def make(state: dict[str, Tensor] | None = None, data: dict[str, Any] | str = "", **parts: Any) -> Path:
        known = DataInfo(
            dataset="arrhythmia", classes=tuple("NSVFQ"), source="synthetic", simulated=True, segmentation="kaggle",
            fs=120.0, r_peak_s=0.0, shapes={"signal": (1, 187)}, leads=("MLII",), wanted=("first",), databases=(),
            split="patients", by_patient=True, notes=(), fingerprint="abc", counts={},
        )  # fmt: skip
        own = data if isinstance(data, str) else asdict(known) | data
        said = {"data": own or asdict(known), "model": {"name": "kachuee"}, "segmentation": {"name": "kaggle"}}
        said |= {"training": {"seed": 0}, **parts}
        text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
        path = tmp_path / "weights.safetensors"
        save_file({**network, **(state or {})}, path, {"format": "ecg-weights-2", **text})
        return path

    return make


DEEP = "[" * 10_000 + "]" * 10_000
CRAFTED: dict[str, dict[str, Any]] = {
    "duplicate classes": {"data": {"classes": ["N", "N", "V", "F", "Q"]}},
    "duplicate classes but for colours": {"data": {"classes": ["N", "\x1b[31mN", "V", "F", "Q"]}},
    "one class": {"data": {"classes": ["N"]}},
    "no class": {"data": {"classes": []}},
    "10,001 classes": {"data": {"classes": [str(i) for i in range(10_001)]}},
    "classes that are no list": {"data": {"classes": "NSVFQ"}},
    "classes that are numbers": {"data": {"classes": [1, 2, 3, 4, 5]}},
    "a class without a name": {"data": {"classes": ["", "S", "V", "F", "Q"]}},
    "a class of two lines": {"data": {"classes": ["N\nS", "S", "V", "F", "Q"]}},
    "shapes that are text": {"data": {"shapes": "1x187"}},
    "shapes that are a list": {"data": {"shapes": [1, 187]}},
    "no shapes": {"data": {"shapes": {}}},
    "shapes without a signal": {"data": {"shapes": {"rhythm": [4]}}},
    "a shape that is text": {"data": {"shapes": {"signal": "1x187"}}},
    "a shape that is a number": {"data": {"shapes": {"signal": 187}}},
    "a shape of text": {"data": {"shapes": {"signal": ["1", "187"]}}},
    "a negative shape": {"data": {"shapes": {"signal": [1, -187]}}},
    "an empty shape": {"data": {"shapes": {"signal": [0, 187]}}},
    "a shape of three": {"data": {"shapes": {"signal": [1, 187, 1]}}},
    "a huge shape": {"data": {"shapes": {"signal": [1, 20_000_000]}}},
    "a shape of truth values": {"data": {"shapes": {"signal": [True, 187]}}},
    "another input without a shape": {"data": {"shapes": {"signal": [1, 187], "rhythm": []}}},
    "another input of a negative shape": {"data": {"shapes": {"signal": [1, 187], "rhythm": [-4]}}},
    "another input called by ESC": {"data": {"shapes": {"signal": [1, 187], "\x1b[31mx": [0]}}},
    "an R peak before the window": {"data": {"r_peak_s": -1}},
    "an R peak at no time": {"data": {"r_peak_s": float("nan")}},
    "an R peak as text": {"data": {"r_peak_s": "0"}},
    "wanted leads a text": {"data": {"wanted": "MLII"}},
    "databases of numbers": {"data": {"databases": [1]}},
    "patients apart as text": {"data": {"by_patient": "yes"}},
    "fs 0": {"data": {"fs": 0}},
    "fs NaN": {"data": {"fs": float("nan")}},
    "fs infinite": {"data": {"fs": float("inf")}},
    "fs of 400 digits": {"data": {"fs": 10**400}},
    "fs as text": {"data": {"fs": "120"}},
    "leads a number": {"data": {"leads": 5}},
    "leads of numbers": {"data": {"leads": [5]}},
    "notes no list": {"data": {"notes": {"a": 1}}},
    "counts a list": {"data": {"counts": [1]}},
    "facts a list": {"data": {"facts": [1]}},
    "simulated as text": {"data": {"simulated": "no"}},
    "a dataset that is a list": {"data": {"dataset": ["x"]}},
    "data without classes": {"data": '{"dataset": "x"}'},
    "segmentation unknown": {"segmentation": {"name": "other"}},
    "segmentation with an unknown field": {"segmentation": {"name": "kaggle", "speed": 1}},
    "segmentation without a name": {"segmentation": {}},
    "segmentation that is a list": {"segmentation": [1]},
    "segmentation called by a list": {"segmentation": {"name": ["kaggle"]}},
    "segmentation out of range": {"segmentation": {"name": "paper", "window_s": 1e9}},
    "segmentation NaN": {"segmentation": {"name": "paper", "rate": float("nan")}},
    "segmentation of text": {"segmentation": {"name": "paper", "rate": "x"}},
    "model unknown": {"model": {"name": "transformer"}},
    "model called by a list": {"model": {"name": ["kachuee"]}},
    "model without a name": {"model": {}},
    "model with an unknown field": {"model": {"name": "kachuee", "dropout": 0.5}},
    "model with its own classes": {"model": {"name": "kachuee", "n_classes": 7}},
    "model out of range": {"model": {"name": "cnn", "dropout": 7}},
    "model of another kind": {"model": {"name": "cnn"}},
    "model that is no model": {"model": {"_target_": "torch.optim.SGD"}},
    "model that is not there": {"model": {"_target_": "ecg.models.transformer"}},
    "model called by a number": {"model": {"_target_": 5}},
    "training a list": {"training": []},
    "training nested 10,000 deep": {"training": DEEP},
    "data nested 10,000 deep": {"data": DEEP},
    "no JSON": {"data": "{"},
    "NaN": {"data": "NaN"},
    "ESC in the model's name": {"model": {"name": "\x1b[31mx"}},
    "ESC in the model's path": {"model": {"_target_": "\x1b]0;x\x07a.b"}},
    "ESC in the segmentation": {"segmentation": {"name": "kaggle", "\x1b[31mx": 1}},
    "ESC in the format": {"format": "\x1b[31mx"},
    "ESC in a tensor's name": {"state": {"\x1b[31mx": torch.zeros(1)}},
}


def test_crafted_metadata_are_taken_where_nothing_is_wrong(crafted: Callable[..., Path]) -> None:
    """So that what is wrong in those below is the one thing that they change."""
    loaded = load_weights(crafted())
    assert (loaded.info.shapes, loaded.info.classes) == ({"signal": (1, 187)}, tuple("NSVFQ"))
    more = crafted(data={"facts": {"a": [1]}, "wanted": ["MLII|II", "V1"]}, segmentation={"name": "paper", "rate": 100})
    assert load_weights(more).segmentation == PaperSegmentation(rate=100)


@pytest.mark.parametrize("parts", CRAFTED.values(), ids=CRAFTED)
def test_crafted_metadata_are_refused_in_one_line_with_the_file(
    crafted: Callable[..., Path], parts: dict[str, Any]
) -> None:
    path = crafted(**parts)
    with pytest.raises(EcgError) as told:
        load_weights(path)
    assert str(told.value).startswith(f"{path}: ")
    assert str(told.value).isprintable()


def test_what_is_shown_of_a_strangers_file_cannot_steer_a_terminal(crafted: Callable[..., Path]) -> None:
    bad = "\x1b[31mred\x1b[0m\x07\x9b1m\u202e\ud800"
    path = crafted(
        data={
            "notes": [bad],
            "leads": [bad],
            "source": bad,
            "classes": [bad, "S", "V", "F", "Q"],
            "facts": {bad: [bad]},
        },
        training={"name": bad, bad: [{bad: bad}]},
    )
    for said in (describe_weights(path), load_weights(path)):
        info = said.info
        shown = [*info.notes, *info.leads, info.source, info.classes[0], info.title, *info.facts, *said.training]
        for text in (*shown, str(info.facts), str(said.training)):
            assert text.isprintable()
        assert info.classes[0] == "red1m"


@contextmanager
def little_memory(more_mb: int) -> Iterator[None]:
    """No more address space than there is now and a little."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more_mb * 2**20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("model", ["kachuee", "cnn"])
@pytest.mark.parametrize("shape", [[1, 20_000], [1, 9_999_999], [9_999_999, 187], [999_999, 9_999_999]])
def test_a_shape_that_the_tensors_do_not_have_is_refused_without_memory(
    crafted: Callable[..., Path], model: str, shape: list[int]
) -> None:
    path = crafted(data={"shapes": {"signal": shape}}, model={"name": model})
    with little_memory(64), pytest.raises(EcgError, match=r"its tensors do not fit the model in its metadata") as told:
        load_weights(path)
    assert str(told.value).isprintable()


def test_the_limit_on_memory_is_one() -> None:
    with little_memory(64), pytest.raises(RuntimeError, match="memory"):
        torch.zeros(100 * 2**20)


def test_many_classes_are_refused_without_memory(crafted: Callable[..., Path]) -> None:
    path = crafted(data={"classes": [str(i) for i in range(9_999)]})
    with little_memory(64), pytest.raises(EcgError, match=r"head\.weight: \(5, 32\), wanted \(9999, 32\)"):
        load_weights(path)


def test_tensors_that_are_missing_or_too_many_are_named(crafted: Callable[..., Path]) -> None:
    path = crafted(state={"layers.extra.weight": torch.zeros(3)})
    with pytest.raises(EcgError, match=r"layers\.extra\.weight: \(3,\), wanted none"):
        load_weights(path)
    path = crafted(state={"layers.head.bias": torch.zeros(3)})
    with pytest.raises(EcgError, match=r"layers\.head\.bias: \(3,\), wanted \(5,\)"):
        load_weights(path)


OTHER = (torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn)


@pytest.mark.parametrize("dtype", OTHER, ids=str)
def test_numbers_of_another_precision_become_the_models(
    crafted: Callable[..., Path], network: dict[str, Tensor], dtype: torch.dtype
) -> None:
    name = "layers.head.weight"
    other = network[name].to(dtype)
    loaded = load_weights(crafted(state={name: other})).model.state_dict()[name]
    assert loaded.dtype == torch.float32
    assert torch.equal(loaded, other.float())


NOT_FINITE = {
    "NaN": torch.full((5,), float("nan")),
    "infinite": torch.tensor([0, 0, 0, 0, float("inf")]),
    "minus infinite": torch.tensor([0, -float("inf"), 0, 0, 0]),
    "too large for float32": torch.full((5,), 1e300, dtype=torch.float64),
    "half NaN": torch.full((5,), float("nan"), dtype=torch.float16),
    "a byte's NaN": torch.full((5,), float("nan")).to(torch.float8_e4m3fn),
    "a complex NaN": torch.full((5,), complex(float("nan"), 0)),
}


@pytest.mark.filterwarnings("ignore:Casting complex values")
@pytest.mark.parametrize("values", NOT_FINITE.values(), ids=NOT_FINITE)
def test_weights_that_are_not_finite_are_refused_with_the_tensors_name(
    crafted: Callable[..., Path], values: Tensor
) -> None:
    path = crafted(state={"layers.head.bias": values})
    with pytest.raises(EcgError, match=rf"{path}: the tensor layers\.head\.bias has values that are NaN or infinite"):
        load_weights(path)


def _predict(run: RunFolder, out: Path) -> object:
    from ecg.predict.pipeline import predict

    (out / "a.csv").write_text("0\n")
    return predict([out / "a.csv"], run.path, out / "labels", fs=360, lead=None, unit="mV", force=True)


def _evaluate(run: RunFolder, out: Path) -> object:
    from ecg.evaluate import evaluate

    return evaluate(run.path, out=out)


def _export(run: RunFolder, out: Path) -> object:
    pytest.importorskip("onnxruntime")
    from ecg.export import export

    return export(run.path, out=out / "a.onnx")


def _explain(run: RunFolder, out: Path) -> object:
    from ecg.explain.subject import load_subject

    return load_subject([run.path])


def _transfer(run: RunFolder, out: Path) -> object:
    from ecg.pipeline.source import prepared
    from ecg.transfer import Transfer

    config: RunConfig = compose("model=kachuee", "logger=none")
    data: Any = SimpleNamespace(augment_by_default=False, cache=out)
    return prepared(config, Transfer(trainable_layers=2), kachuee(), data, run.weights)


def _of_the_run(run: RunFolder, out: Path) -> object:
    return ecg.load_run(run.path).model


def _model(run: RunFolder, out: Path) -> object:
    return ecg.load_model(run.weights)


@pytest.mark.parametrize("read", [_model, _of_the_run, _predict, _evaluate, _export, _explain, _transfer])
def test_no_reader_takes_weights_that_are_not_finite(
    tmp_path: Path, new_run: New, read: Callable[[RunFolder, Path], object]
) -> None:
    run = new_run(tmp_path / "run")
    with safe_open(run.weights, framework="pt") as stored:
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        metadata = stored.metadata()
    tensors["layers.conv.bias"][3] = float("nan")
    save_file(tensors, run.weights, metadata)
    (tmp_path / "out").mkdir()
    said = r"weights\.safetensors: the tensor layers\.conv\.bias has values that are NaN or infinite; train it anew"
    with pytest.raises(EcgError, match=said):
        read(run, tmp_path / "out")
