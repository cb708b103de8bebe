from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecg.recordings.databases.mitdb import MITDB

from .conftest import SMALL, Shell

BAD_SETTINGS = {
    "datset=mi": "unknown key datset: did you mean dataset?",
    "model=cn": "model=cn: did you mean cnn? choose one of cnn, compact, context, context_cnn, kachuee",
    "model.dropout=2": "model.dropout=2: must be from 0 to 1",
    "trainer.max_epochs=three": "trainer.max_epochs=three: must be a whole number",
    "trainer.max_epoch=3": "unknown key trainer.max_epoch: did you mean trainer.max_epochs?",
    "trainer.epochs=3": "unknown key trainer.epochs: write trainer.max_epochs=",
    "loss=mse": "loss=mse: choose one of cross_entropy, focal, rpeaks, weighted",
    "+optimiser.lr=1": "unknown key optimiser",
    "++resume=nowhere": "++resume=nowhere: write resume=RUN",
    "optimizer=adm": "optimizer=adm: did you mean adam? choose one of adam, adamw, rmsprop, sgd",
    "resume=nowhere": "nowhere is no run folder",
    "dataset.split=kaggle": "choose dataset.split=beats or dataset.split=patients",
    "dataset.segmentation={name:paper,thresold:0.8}": "did you mean segmentation.threshold?",
    "dataset.leads=[V9]": "error: record sim000: no lead V9; it has MLII, V5",
    "model=sequence": "model=sequence needs the input rhythm; choose dataset.segmentation=window",
    "trainer=gpu": "try trainer=cpu",
    "nonsense": "settings look like key=value",
}


@pytest.mark.parametrize("setting", BAD_SETTINGS)
def test_a_bad_setting_ends_with_one_message_and_leaves_nothing(setting: str, shell: Shell) -> None:
    given = [f"output_dir={shell.outputs}", "dataset.source=synthetic", "logger=none", setting]
    if setting.startswith("resume"):  # takes no other settings
        given = [f"resume={shell.outputs / 'nowhere'}"]
    said = shell.run("train.py", *given, code=1)
    assert BAD_SETTINGS[setting] in said
    assert said.count("error: ") == 1
    assert "Traceback" not in said
    assert "Error executing job" not in said
    assert not list(shell.outputs.glob("*"))


def test_a_sweep_with_a_setting_that_does_not_exist_says_so_once_and_leaves_nothing(shell: Shell) -> None:
    said = shell.train("-m", "dataset.source=synthetic", "dataset.fold=0", "seed=0,1,2", code=1)
    assert said.count("unknown key dataset.fold") == 1
    assert "jobs of" not in said
    assert not list(shell.outputs.glob("multirun/*/"))


@pytest.fixture(scope="module")
def tiny_mitdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose mitdb has the 48 names, all with the same 20 s of triangles as beats."""
    folder = tmp_path_factory.mktemp("data") / "mitdb"
    folder.mkdir()
    beats = np.arange(200, 7000, 300)
    signal = np.zeros((7200, 2))
    for beat in beats:
        signal[beat - 10 : beat + 11] += np.bartlett(21)[:, None]
    wfdb.wrsamp("100", 360, ["mV", "mV"], ["MLII", "V5"], signal, fmt=["212"] * 2, adc_gain=[200] * 2,
                baseline=[1024] * 2, write_dir=str(folder))  # fmt: skip
    wfdb.wrann("100", "atr", beats, ["N", "A", "V", "F", "/"] * 4 + ["N"] * (len(beats) - 20), write_dir=str(folder))
    for record in MITDB.records[1:]:
        for suffix in (".hea", ".dat", ".atr"):
            shutil.copy(folder / f"100{suffix}", folder / f"{record}{suffix}")
        header = folder / f"{record}.hea"
        header.write_text(header.read_text().replace("100", record))
    return folder


@pytest.fixture
def mitdb(tiny_mitdb: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_mitdb, tmp_path / "data" / "mitdb"))


def refused(shell: Shell, data: Path, *words: str) -> str:
    said = shell.train(f"data_dir={data}", "trainer=debug", "logger=none", "dataset.split=patients", *words, code=1)
    assert "Traceback" not in said
    assert not list(shell.outputs.glob("*"))
    assert not list(shell.cache.rglob("*.tmp"))
    return said


def test_a_whole_data_folder_trains(shell: Shell, mitdb: Path) -> None:
    said = shell.train(f"data_dir={mitdb.parent}", "trainer=debug", "logger=none", "dataset.split=patients")
    assert "SIMULATED" not in said
    assert "Records 201 (DS1) and 202 (DS2) are one subject" in said.replace("\n", " ")


def test_an_empty_data_folder_without_network_names_the_three_ways_on(shell: Shell, tmp_path: Path) -> None:
    said = refused(shell, tmp_path / "empty")
    assert "no network" in said
    assert f"fill {tmp_path / 'empty' / 'mitdb'}" in said
    assert "data_dir=" in said
    assert "dataset.source=synthetic" in said


def test_a_half_data_folder_names_a_missing_file_or_the_network(shell: Shell, mitdb: Path) -> None:
    for path in mitdb.glob("2*"):
        path.unlink()
    said = refused(shell, mitdb.parent)
    assert str(mitdb) in said
    assert "dataset.source=synthetic" in said


def test_a_truncated_signal_is_named(shell: Shell, mitdb: Path) -> None:
    path = mitdb / "205.dat"
    path.write_bytes(path.read_bytes()[:-500])
    assert "205.dat" in refused(shell, mitdb.parent)


def test_annotations_without_beats_are_named(shell: Shell, mitdb: Path) -> None:
    wfdb.wrann("213", "atr", np.array([100, 200]), ["+", "~"], write_dir=str(mitdb))
    assert "213" in refused(shell, mitdb.parent)


def csv_folder(tmp_path: Path, change: dict[str, str]) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "kaggle"
    folder.mkdir(parents=True)
    for name in ("mitbih_train.csv", "mitbih_test.csv"):
        rows = [",".join(f"{v:.18e}" for v in [*rng.random(187), float(i % 5)]) for i in range(100)]
        (folder / name).write_text("\n".join(rows) + "\n")
    for name, text in change.items():
        path = folder / name
        lines = path.read_text().splitlines()
        path.write_text("\n".join([text, *lines[1:]]) + "\n")
    return folder.parent


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (",".join(f"c{i}" for i in range(188)), "header"),
        (",".join(["0.5"] * 186 + ["1.0"]), "187"),
        (",".join(["nan", *["0.5"] * 186, "1.0"]), "mitbih_train.csv"),
    ],
)
def test_a_malformed_csv_is_named(shell: Shell, tmp_path: Path, line: str, expected: str) -> None:
    data = csv_folder(tmp_path, {"mitbih_train.csv": line})
    said = shell.train(f"data_dir={data}", "dataset.source=kaggle", "trainer=debug", "logger=none", code=1)
    assert "mitbih_train.csv" in said
    assert expected in said
    assert "Traceback" not in said


def test_whole_csv_files_train(shell: Shell, tmp_path: Path) -> None:
    said = shell.train(f"data_dir={csv_folder(tmp_path, {})}", "dataset.source=kaggle", "trainer=debug", "logger=none")
    assert "split kaggle" in said


def test_an_output_folder_that_is_a_file_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = shell.run("train.py", f"output_dir={tmp_path / 'file'}", *SMALL, "logger=none", code=1)
    assert str(tmp_path / "file") in said
    assert "Traceback" not in said


def test_jobs_that_fail_are_told_in_the_table_alone_and_the_others_run(shell: Shell) -> None:
    usual = (
        "dataset=mi",
        "dataset.source=synthetic",
        "+dataset.synthetic.patients=12",
        "+dataset.synthetic.minutes=0.5",
    )
    few = ("model=kachuee", "trainer.max_epochs=1", "bootstrap=0", "transfer=random", "transfer.trainable_layers=1")
    said = shell.train("-m", *usual, *few, "transfer.source=null,nowhere", code=1)
    assert "Error executing job" not in said
    assert "Traceback" not in said
    assert "job 1 failed: nowhere does not exist" in " ".join(said.split())
    assert len(list(shell.outputs.glob("multirun/*/*/metrics.json"))) == 1
