"""Small files of a run folder: kept as they were, and nothing of them taken on trust."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.runs.folder import RunFolder
from ecg.runs.reading import flat, load_config, read_table, read_yaml, save_config, text_lines

COMPOSED = {
    "usual": (),
    "the published study": ("experiment=published",),
    "everything named": ("model=kachuee", "logger=[wandb,csv,tensorboard]", "callbacks=[default,early_stopping]"),
    "a transfer": ("dataset=mi", "transfer.trainable_layers=3", "dataset.folds.count=3", "scheduler=plateau"),
    "more than ASCII": ("output_dir='Ausgänge'", "logger.wandb.tags=['ä','心']"),
}


@pytest.mark.parametrize("overrides", COMPOSED.values(), ids=COMPOSED)
def test_a_saved_configuration_is_loaded_as_it_was(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    made = compose(*overrides)
    save_config(made, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == made
    assert not [line for line in (tmp_path / "config.yaml").read_text().splitlines() if "!!" in line or "&id" in line]


def test_a_saved_configuration_says_every_default_of_our_own_parts(tmp_path: Path) -> None:
    save_config(compose(), tmp_path / "config.yaml")
    said = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert said["dataset"]["synthetic"] == {"patients": 40, "minutes": 5.0, "seed": 0}
    assert said["dataset"]["strict_subjects"] is False
    assert said["transfer"]["probe_epochs"] == 10


def test_a_folder_without_a_configuration_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=rf"{tmp_path} is no run folder.*config\.yaml"):
        load_config(tmp_path / "config.yaml")


DAMAGE = {
    "empty": b"",
    "a part": b"seed: 0\n",
    "text": b"a list",
    "a list": b"- 1\n",
    "segmentation off": b"{half: [\n",
    "binary": b"\x89PNG\r\n\x00\xff\xfe",
    "an earlier version's": b"dataset: {name: arrhythmia}\nmodel: {name: cnn}\ntrainer: {epochs: 3}\n",
    "nested deeply": b"dataset: " + b"[" * 10_000 + b"]" * 10_000,
    "within itself": b"dataset: &a [*a]\n",
    "a Python object": b"!!python/object/apply:os.system [id]\n",
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_configuration_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(
        EcgError, match=rf"{tmp_path}/config\.yaml (is damaged|does not fit this version of ecg)"
    ) as told:
        load_config(tmp_path / "config.yaml")
    assert str(told.value).isprintable()


CHANGED = {
    "another key": ("dropout: 0.3", "dropuot: 0.3", r"unknown key model\.dropuot: did you mean model\.dropout"),
    "another type": ("dropout: 0.3", "dropout: much", r"model\.dropout=much: must be a number"),
    "another choice": ("init: source", "init: luck", r"transfer\.init=luck: choose one of source, fresh"),
    "out of range": ("seed: 0\nthreads", "seed: -3\nthreads", r"seed=-3: must be from 0"),
    "a part missing": ("loss:\n  _target_: torch.nn.CrossEntropyLoss\n", "", "loss is missing"),
    "nothing to build": ("  _target_: ecg.models.cnn\n", "", "model has no _target_"),
    "a part that is not there": ("ecg.models.cnn", "ecg.models.cnm", r"ecg\.models has no cnm|may name only"),
}


@pytest.mark.parametrize(("old", "new", "said"), CHANGED.values(), ids=CHANGED)
def test_a_configuration_that_does_not_fit_is_refused_with_file_and_key(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "config.yaml"
    save_config(compose(), path)
    whole = path.read_text()
    assert whole.count(old) == 1
    path.write_text(whole.replace(old, new))
    with pytest.raises(EcgError, match=rf"{path} does not fit this version of ecg: .*({said})") as told:
        load_config(path)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("key", ["seed: 0", "output_dir: outputs", "mode: auto", "tags: []", "source: physionet"])
@pytest.mark.parametrize("what", ["${oc.env:ECG_SECRET}", "x${oc.env:ECG_SECRET,y}", "${ecg.sweep:outputs,false}"])
def test_what_a_stranger_would_have_resolved_is_refused_and_never_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, what: str
) -> None:
    monkeypatch.setenv("ECG_SECRET", "mysecret")
    path = tmp_path / "config.yaml"
    save_config(compose(), path)
    whole, (name, value) = path.read_text(), key.split(": ")
    assert f"{key}\n" in whole
    path.write_text(whole.replace(f"{key}\n", f"{name}: {f'[{what!r}]' if value == '[]' else what}\n", 1))
    with pytest.raises(EcgError, match=r"config\.yaml: .*\$\{.* is not resolved; a run writes values only") as told:
        load_config(path)
    assert "mysecret" not in str(told.value)
    assert not (Path.cwd() / "outputs" / "multirun" / ".lock").exists()


def test_yaml_that_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    assert read_yaml(tmp_path / "none.yaml") is None
    assert read_yaml(tmp_path) is None
    (tmp_path / "a.yaml").write_text("a: [1, {b: c}]\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": [1, {"b": "c"}]}


def test_settings_are_flat_by_dotted_key_and_parts_are_called_by_what_they_build() -> None:
    nested = {
        "model": {"_target_": "ecg.models.cnn", "dropout": 0.3},
        "dataset": {"_target_": "ecg.data.MIDataModule", "folds": {"count": 1}},
        "callbacks": {"stop": {"_target_": "pytorch_lightning.callbacks.EarlyStopping"}},
        "tags": ["a", 1],
        "none": None,
    }
    assert flat(nested) == {
        "model.name": "cnn",
        "model.dropout": 0.3,
        "dataset.name": "mi",
        "dataset.folds.count": 1,
        "callbacks.stop.name": "EarlyStopping",
        "tags": "a, 1",
        "none": None,
    }
    assert flat([1]) == flat(None) == {}


def test_a_table_has_the_columns_that_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("epoch,record\n1,007\n2,NA\n")
    assert read_table(path, ("epoch",), ("record",))["record"].tolist() == ["007", "NA"]
    with pytest.raises(EcgError, match=rf"{path} is damaged: it has no column seconds"):
        read_table(path, ("epoch", "seconds"))
    with pytest.raises(EcgError, match=rf"{tmp_path}/b\.csv is missing"):
        read_table(tmp_path / "b.csv", ())


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x00\xff\xfe", b"epoch\n0\n1,2,3\n", b'epoch,"x\n1,2\n'])
def test_a_damaged_table_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(EcgError, match=rf"{tmp_path}/a\.csv is damaged") as told:
        read_table(tmp_path / "a.csv", ("epoch", "x"))
    assert str(told.value).isprintable()


def test_lines_of_text_never_fail(tmp_path: Path) -> None:
    path = RunFolder(tmp_path).error
    assert text_lines(path) == []
    path.write_bytes(b"\x1b[31mno \xff room\nseed=1\n")
    assert text_lines(path) == ["no � room", "seed=1"]
