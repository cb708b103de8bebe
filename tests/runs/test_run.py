"""A run as its folder tells it: whole, and with every file damaged in turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import ecg
from ecg.config import RunConfig
from ecg.data import ArrhythmiaDataModule
from ecg.errors import EcgError
from ecg.recordings.checksum import sha256
from ecg.runs.find import find_runs
from ecg.runs.folder import RunFolder
from ecg.runs.run import Run, load_run, run_around
from ecg.runs.weights import load_weights

New = Callable[..., RunFolder]


def test_a_whole_run_tells_everything(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0_x", seed=3)
    run = ecg.load_run(folder.path)
    assert (run.state, run.reason, run.counts) == ("finished", "", True)
    assert isinstance(run.config, RunConfig)
    assert (run.config.seed, run.settings["seed"], run.settings["model.name"]) == (3, 3, "kachuee")
    assert run.history["epoch"].tolist() == [0, 1, 2]
    assert run.predictions["predicted"].tolist() == ["N"] * 5
    assert run.predictions["record"].tolist() == ["r4"] * 5
    assert run.split["patients"]["test"] == ["4"]
    assert run.origin is None
    assert run.provenance["seed"] == 3
    beats = torch.randn(2, 1, 187)
    assert torch.equal(run.model(beats), load_weights(folder.weights).model(beats))
    assert run.weights.info.classes == ("N", "S", "V", "F", "Q")


def test_a_run_makes_its_data_module_again_without_reading_anything(tmp_path: Path, new_run: New) -> None:
    run = load_run(new_run(tmp_path / "0", seed=3).path)
    data = run.datamodule()
    assert isinstance(data, ArrhythmiaDataModule)
    assert (data.source.name, data.segmentation.name, data.seed) == ("synthetic", "kaggle", 3)
    assert not hasattr(data, "beats")
    assert run.datamodule(tmp_path) is not data


def test_data_can_be_looked_for_in_another_folder(
    tmp_path: Path, new_run: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_DATA", str(tmp_path / "none"))
    run = load_run(new_run(tmp_path / "0", overrides=("dataset.source=kaggle",)).path)
    for given in (tmp_path / "mine", str(tmp_path / "mine")):
        with pytest.raises(EcgError, match=rf"{tmp_path}/mine/kaggle"):
            run.datamodule(given).prepare_data()


def test_the_run_around_weights_is_found_and_weights_alone_have_none(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    around = run_around(folder.weights)
    assert around is not None
    assert around.folder == folder.path
    other = folder.path / "other.safetensors"
    other.write_bytes(folder.weights.read_bytes())
    assert run_around(other) is None
    folder.config.unlink()
    assert run_around(folder.weights) is None


DEEP = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
BINARY = b"\x89PNG\r\n\x00\xff\xfe\x80"
HEAD = b"record,patient,sample,label,predicted"
MISSING = None
SPLIT, HISTORY, PREDICTIONS, TRANSFER, CONFIG = (
    "split.json", "history.csv", "predictions.csv", "transfer.json", "config.yaml"
)  # fmt: skip
WEIGHTS = "weights.safetensors"
DAMAGE: list[tuple[str, bytes | None, tuple[str, ...]]] = [
    (SPLIT, b"[]", ("split", "lineage")),
    (SPLIT, b"{}", ("split", "lineage")),
    (SPLIT, b'{"patients": [], "beats": {}}', ("split", "lineage")),
    (SPLIT, b'{"patients": {"train": 3}, "beats": {}}', ("split", "lineage")),
    (SPLIT, b'{"patients": {}, "beats": {"r": ["T"]}}', ("split", "lineage")),
    (SPLIT, b'{"patients": {}, "beats": [1]}', ("split", "lineage")),
    (SPLIT, BINARY, ("split", "lineage")),
    (SPLIT, DEEP, ("split", "lineage")),
    (SPLIT, MISSING, ("split",)),
    (HISTORY, b"", ("history",)),
    (HISTORY, BINARY, ("history",)),
    (HISTORY, b"step,val/loss\n1,2\n", ("history",)),
    (HISTORY, b"epoch,val/loss\n0\n1,2,3\n", ("history",)),
    (HISTORY, b"epoch,val/loss\n0,low\n", ("history",)),
    (HISTORY, b"epoch,val/loss\nfirst,0.5\n", ("history",)),
    (HISTORY, b"epoch,\x1b[31mval/loss\n0,low\n", ("history",)),
    (HISTORY, MISSING, ("history",)),
    (PREDICTIONS, b"", ("predictions",)),
    (PREDICTIONS, BINARY, ("predictions",)),
    (PREDICTIONS, HEAD + b"\nr,p,1,N,N\n", ("predictions",)),
    (PREDICTIONS, HEAD + b",p_N\nr,p,1,X,N,1\n", ("predictions",)),
    (PREDICTIONS, HEAD + b",p_N\nr,p,1,N,X,1\n", ("predictions",)),
    (PREDICTIONS, HEAD + b",p_N\nr,p,1,,N,1\n", ("predictions",)),
    (PREDICTIONS, HEAD + b",p_N\nr,p,1,\x1b[31mX,N,1\n", ("predictions",)),
    (PREDICTIONS, b"record,patient,sample,label,p_N\nr,p,1,N,1\n", ("predictions",)),
    (PREDICTIONS, MISSING, ("predictions",)),
    (TRANSFER, b"[]", ("origin", "lineage")),
    (TRANSFER, b"{}", ("origin", "lineage")),
    (TRANSFER, b'{"source": 1, "sha256": "x", "trained_on": "y"}', ("origin", "lineage")),
    (TRANSFER, b'{"source": "x", "sha256": null, "trained_on": "y"}', ("origin", "lineage")),
    (TRANSFER, b'{"source": "x", "sha256": "x", "trained_on": ["y"]}', ("origin", "lineage")),
    (TRANSFER, BINARY, ("origin", "lineage")),
    (CONFIG, b"", ("config", "datamodule", "lineage")),
    (CONFIG, BINARY, ("config", "datamodule", "lineage")),
    (CONFIG, b"- 1\n", ("config", "datamodule", "lineage")),
    (CONFIG, b"dataset: {_target_: [1]}\nmodel: 1\n", ("config", "datamodule", "lineage")),
    (CONFIG, b"seed: ${oc.env:HOME}\n", ("config", "datamodule", "lineage")),
    (CONFIG, b"seed: \x1b[31m0\n", ("config", "datamodule", "lineage")),
    (CONFIG, DEEP, ("config", "datamodule", "lineage")),
    (CONFIG, MISSING, ("config", "datamodule")),
    (WEIGHTS, b"", ("weights", "model", "lineage")),
    (WEIGHTS, BINARY, ("weights", "model", "lineage")),
    (WEIGHTS, b"cut off", ("weights", "model", "lineage")),
]


def ask(run: Run, name: str) -> object:
    return run.datamodule() if name == "datamodule" else getattr(run, name)


def about(row: tuple[str, bytes | None, tuple[str, ...]]) -> str:
    file, content, _ = row
    return f"{file} {'missing' if content is None else content[:40].decode('ascii', 'backslashreplace')}"


@pytest.mark.parametrize(("file", "content", "asked"), DAMAGE, ids=map(about, DAMAGE))
def test_what_needs_a_damaged_file_is_refused_in_a_line_and_all_else_is_told(
    tmp_path: Path, new_run: New, file: str, content: bytes | None, asked: tuple[str, ...]
) -> None:
    sound, damaged = new_run(tmp_path / "0_sound", seed=1), new_run(tmp_path / "1_damaged", seed=2)
    path = damaged.path / file
    if content is None:
        path.unlink()
    elif content == b"cut off":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.write_bytes(content)
    first, second = find_runs(tmp_path)
    assert (first.folder, first.state, first.reason) == (sound.path, "finished", "")
    assert (second.folder, second.state) == (damaged.path, "finished")
    assert second.value("test/macro_f1") == 0.5
    named = damaged.path if content is None else path
    properties = ("config", "datamodule", "history", "predictions", "split", "origin", "weights", "model", "lineage")
    for name in properties:
        if name in asked:
            with pytest.raises(EcgError) as told:
                ask(second, name)
            assert str(named) in str(told.value)
            assert str(told.value).isprintable()
        else:
            ask(second, name)
        ask(first, name)


@pytest.mark.parametrize("content", [BINARY, b"- 1\n", b"", DEEP, b"seed: [\n"])
def test_results_without_a_readable_configuration_count_and_say_so(
    tmp_path: Path, new_run: New, content: bytes
) -> None:
    folder = new_run(tmp_path / "0")
    folder.config.write_bytes(content)
    run = load_run(folder.path)
    assert run.counts
    assert run.reason == f"{folder.config} is damaged"
    assert run.settings == {}


PROVENANCE = {
    "a list": b"[1]",
    "segmentation off": b"{",
    "binary": BINARY,
    "nested deeply": DEEP,
    "null": b"null",
}


@pytest.mark.parametrize("content", PROVENANCE.values(), ids=PROVENANCE)
def test_results_without_provenance_count_and_say_so(tmp_path: Path, new_run: New, content: bytes) -> None:
    folder = new_run(tmp_path / "0")
    folder.provenance.write_bytes(content)
    run = load_run(folder.path)
    assert run.counts
    assert run.reason.startswith(f"{folder.provenance} is damaged")
    assert run.reason.isprintable()
    assert (run.provenance, run.overrides) == ({}, ())


def test_parts_of_provenance_of_another_type_are_left_out(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    folder.provenance.write_text(
        json.dumps({"git": [1], "host": 3, "versions": "x", "command": {}, "settings": 5, "data_fingerprint": "f"})
    )
    run = load_run(folder.path)
    assert (run.state, run.reason, run.overrides) == ("finished", "", ())
    assert set(run.provenance) == {"settings", "data_fingerprint"}


@pytest.mark.parametrize("content", [b"{", b"", b'["a"]', BINARY, DEEP, b"3"])
def test_a_damaged_metrics_file_is_a_failed_run_that_names_it(tmp_path: Path, new_run: New, content: bytes) -> None:
    folder = new_run(tmp_path / "0")
    folder.metrics.write_bytes(content)
    new_run(tmp_path / "1", seed=1)
    first, second = find_runs(tmp_path)
    assert (first.state, second.state) == ("failed", "finished")
    assert first.reason.startswith(f"{folder.metrics} is damaged")
    assert first.reason.isprintable()


def test_results_of_another_type_are_not_numbers(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    strange: dict[str, Any] = {"text": "x", "list": [1], "true": True, "none": None, "long": 10**400}
    strange |= {"seed": {"a": 1}, "name": ["x"], "transfer/trainable_layers": "three"}
    strange |= {"intervals": {"a": [0, None], "b": ["x", "y"], "c": [1, 2, 3], "d": 5, "e": [0.25, 0.75]}}
    folder.metrics.write_text(json.dumps(strange))
    run = load_run(folder.path)
    assert [run.value(key) for key in ("text", "list", "true", "none", "long")] == [None] * 5
    assert (run.k, run.random, run.replicate) == (None, False, (0, 0, 0))
    assert run.intervals == {"e": (0.25, 0.75)}
    assert "\x1b" not in run.name
    for intervals in ([1], "x", 3):
        folder.metrics.write_text(json.dumps({"intervals": intervals}))
        assert load_run(folder.path).intervals == {}


def test_an_earlier_versions_run_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "2026-11-23_05-13-40-279063_arrhythmia-cnn-seed0")
    folder.make()
    folder.config.write_text("dataset: {name: arrhythmia, source: physionet}\nmodel: {name: cnn}\nseed: 4\n")
    old = {"dataset": "arrhythmia", "split": "kaggle", "seed": 4, "test/macro_f1": 0.9, "test/auroc": None}
    folder.metrics.write_text(json.dumps(old))
    (run,) = find_runs(tmp_path)
    assert (run.name, run.k, run.random, run.replicate) == ("arrhythmia-cnn-seed0", None, False, (4, 0, 0))
    assert run.value("test/macro_f1") == 0.9
    assert run.value("test/auroc") is None
    with pytest.raises(EcgError, match=rf"{folder.config} does not fit this version of ecg"):
        _ = run.config


def test_what_a_stranger_wrote_cannot_steer_a_terminal(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    bad = r"\u001b[31mred\u0007\u202e"
    metrics = folder.metrics.read_text().replace('"arrhythmia-kachuee-seed0"', f'"{bad}"')
    folder.metrics.write_text(metrics)
    folder.error.write_bytes(b"\x1b]0;title\x07 no room\n\x1b[2Jseed=1\n")
    folder.config.write_text(folder.config.read_text().replace("output_dir: outputs", f'output_dir: "{bad}"'))
    run = load_run(folder.path)
    assert run.name == "red"
    assert run.settings["output_dir"] == "red"
    for said in (run.name, run.reason, str(run.settings), str(run.metrics), str(run.provenance)):
        assert said.isprintable()


def test_aliases_that_stand_for_gigabytes_are_damage(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"{n}: &{n} [{', '.join([f'*{m}'] * 10)}]" for m, n in zip("abcd", "bcde", strict=True)]
    folder.config.write_text(folder.config.read_text() + "\n".join(lines))  # five lines for 100,000 numbers
    run = load_run(folder.path)
    assert run.reason == f"{folder.config} is damaged"
    assert run.settings == {}


def origin(of: RunFolder, **changed: object) -> dict[str, object]:
    """transfer.json of a run whose layers come from another one."""
    title = "arrhythmia, SIMULATED recordings, source synthetic, segmentation kaggle, split patients"
    return {"source": str(of.path), "sha256": sha256(of.weights), "trained_on": title, **changed}


def test_lineage_goes_back_to_the_first_training(tmp_path: Path, new_run: New) -> None:
    first = new_run(tmp_path / "0", seed=1)
    second = new_run(tmp_path / "1", seed=2, origin=origin(first))
    third = new_run(tmp_path / "2", seed=3, origin=origin(second))
    found = load_run(third.path).lineage
    assert [training.unknown for training in found] == ["", "", ""]
    assert all(training.patients == {"1", "2"} and training.letters is not None for training in found)
    assert [len(load_run(folder.path).lineage) for folder in (first, second)] == [1, 2]


def test_a_source_that_is_not_what_it_was_leaves_a_doubt(tmp_path: Path, new_run: New) -> None:
    source = new_run(tmp_path / "0", seed=1)
    changed = load_run(new_run(tmp_path / "1", seed=2, origin=origin(source, sha256="0" * 64)).path)
    gone = load_run(new_run(tmp_path / "2", seed=3, origin=origin(source, source="/nowhere")).path)
    for run, why in ((changed, f"{source.path}, has changed since"), (gone, "/nowhere, is gone")):
        own, doubt = run.lineage
        assert own.unknown == ""
        assert doubt.unknown == f"the source of its layers, {why}"
        assert (doubt.dataset, doubt.simulated, doubt.letters) == ("arrhythmia", True, None)


def test_a_folder_that_names_itself_as_its_source_does_not_recurse(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    folder.transfer.write_text(json.dumps(origin(folder)))
    own, doubt = load_run(folder.path).lineage
    assert (own.unknown, doubt.unknown) == ("", f"the source of its layers, {folder.path}, is the run itself")
    folder.transfer.write_text(json.dumps(origin(folder, source=str(folder.path / ".." / "0" / folder.weights.name))))
    assert len(load_run(folder.path).lineage) == 2


def test_folders_that_name_each_other_do_not_recurse(tmp_path: Path, new_run: New) -> None:
    first, second = new_run(tmp_path / "0", seed=1), new_run(tmp_path / "1", seed=2)
    first.transfer.write_text(json.dumps(origin(second)))
    second.transfer.write_text(json.dumps(origin(first)))
    for folder in (first, second):
        assert [bool(training.unknown) for training in load_run(folder.path).lineage] == [False, False, True]


def test_weights_that_stand_alone_do_not_tell_who_trained(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    folder.split.unlink()
    (own,) = load_run(folder.path).lineage
    assert own.unknown == "there is no split.json beside the weights"
    assert own.letters is None


def test_a_run_with_weights_of_another_kind_is_told(tmp_path: Path, new_run: New) -> None:
    folder = new_run(tmp_path / "0")
    with safe_open(folder.weights, framework="pt") as stored:
        metadata = stored.metadata()
    save_file({"w": torch.zeros(3)}, folder.weights, metadata)
    with pytest.raises(EcgError, match=r"weights\.safetensors: its tensors do not fit the model in its metadata"):
        _ = load_run(folder.path).model
