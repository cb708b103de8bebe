"""What `ecg predict` writes is corrected by hand and goes back in: recordings in CSV, EDF and WFDB form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pandas as pd
import pytest
import wfdb

from ecg.config.compose import compose
from ecg.data import OwnDataModule
from ecg.errors import EcgError
from ecg.predict.overview import write_overview
from ecg.predict.pipeline import predict
from ecg.recordings.databases.sample import FOLDER
from ecg.recordings.wfdb_files import read_record
from ecg.runs.shipped import DEFAULT

N = 20 * 360
NAMES = {"200": "visit 1", "223": "p223", "233": "p233"}
RECORDS = ("visit_1", "p223", "p233")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording each in CSV (with a blank in its name), EDF and WFDB form."""
    folder = tmp_path_factory.mktemp("recordings")
    first, second, third = (read_record(FOLDER / record) for record in NAMES)
    rows = [f"{i / 360:.6f},{v:.4f}" for i, v in enumerate(first.millivolts(0)[:N])]
    (folder / "visit 1.csv").write_text("\n".join(["time_s,MLII (mV)", *rows]) + "\n", encoding="utf-8")
    limits: Any = {"physical_range": (-10.24, 10.235), "digital_range": (-2048, 2047), "physical_dimension": "mV"}
    digital = (second.digital[0, :N] - 1024).astype(np.int16)
    edfio.Edf([edfio.EdfSignal.from_digital(digital, 360, label="ECG MLII", **limits)]).write(folder / "p223.edf")
    how: dict[str, Any] = {"units": ["mV"], "sig_name": ["MLII"], "fmt": ["16"], "adc_gain": [200], "baseline": [1024]}
    signal = third.digital[:, :N].T.astype(np.int64)
    wfdb.wrsamp("p233", fs=360, d_signal=signal, write_dir=str(folder), **how)
    return folder


@pytest.fixture(scope="module")
def labelled(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of `ecg predict RECORDINGS --out LABELLED`."""
    out = tmp_path_factory.mktemp("labelled")
    nothing: Any = dict.fromkeys(("fs", "lead", "unit"))
    known, _, outcomes = predict([recordings], Path(DEFAULT), out, **nothing, force=True, rpeaks="sleepecg")
    done = list(outcomes)
    assert [one.error for one in done] == ["", "", ""]
    write_overview(out, done, known, None)
    return out


def trained_on(recordings: Path, labelled: Path, cache: Path, **settings: Any) -> OwnDataModule:
    data = OwnDataModule(recordings, labels_folder=labelled, segmentation="window", cache_dir=cache, **settings)
    data.prepare_data()
    data.setup()
    return data


def test_the_labels_go_back_in_as_they_came_out(recordings: Path, labelled: Path, tmp_path: Path) -> None:
    data = trained_on(recordings, labelled, tmp_path)
    assert {"index.html", "records.csv"} < {file.name for file in labelled.iterdir()}
    for record in RECORDS:
        table = pd.read_csv(labelled / f"{record}.csv", keep_default_na=False)
        table = table[table["label"] != "-"]
        mine = data.beats.record == record
        assert data.beats.sample[mine].tolist() == table["sample"].tolist()
        assert data.beats.symbol[mine].tolist() == table["label"].tolist()
    assert not data.info.facts.get("records_left_out")
    assert data.own.files.unlabelled == ()


def test_annotations_that_were_written_go_back_in_too(recordings: Path, labelled: Path, tmp_path: Path) -> None:
    tables = trained_on(recordings, labelled, tmp_path)
    marks = trained_on(recordings, labelled, tmp_path, labels="ecg")
    np.testing.assert_array_equal(marks.beats.sample, tables.beats.sample)
    np.testing.assert_array_equal(marks.beats.y, tables.beats.y)


def excel(table: pd.DataFrame, path: Path) -> None:
    """Save as Excel does in a country of decimal commas."""
    lines = table.to_csv(sep=";", index=False, decimal=",", lineterminator="\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())


def test_corrections_by_hand_count(recordings: Path, labelled: Path, tmp_path: Path) -> None:
    before = trained_on(recordings, labelled, tmp_path / "cache")
    corrected = tmp_path / "corrected"
    corrected.mkdir()
    tables = {}
    for record in RECORDS:
        table = tables[record] = pd.read_csv(
            labelled / f"{record}.csv", dtype={"sample": "Int64"}, keep_default_na=False
        )
        table["time_s"] = table["time_s"].astype(float)
    changed = tables["p223"]
    assert changed.loc[3, "label"] == "N"
    changed.loc[3, "label"] = "V"  # another class
    gone = int(changed.loc[5, "sample"])
    changed = changed.drop(index=5)  # no beat
    between = (changed["time_s"].iloc[8] + changed["time_s"].iloc[9]) / 2
    changed.loc[len(changed) + 9] = {"time_s": between, "label": "F"}  # one that was missed, behind all others
    tables["p223"] = changed
    for record, table in tables.items():
        excel(table, corrected / f"{record}.csv")
    after = trained_on(recordings, corrected, tmp_path / "cache")
    was, now = ({int(s): str(label) for s, label in zip(data.beats.sample[data.beats.record == "p223"],
                                                        data.beats.symbol[data.beats.record == "p223"], strict=True)}
                for data in (before, after))  # fmt: skip
    new = round(between * 360)
    assert now[int(changed["sample"].iloc[3])] == "V"
    assert gone in was
    assert gone not in now
    assert now[min(now, key=lambda at: abs(at - new))] == "F"
    assert len(was) == len(now)
    others = before.beats.record != "p223"
    np.testing.assert_array_equal(after.beats.y[after.beats.record != "p223"], before.beats.y[others])


def test_a_table_of_another_recording_is_noticed(recordings: Path, labelled: Path, tmp_path: Path) -> None:
    for record in RECORDS:
        (tmp_path / f"{record}.csv").write_bytes((labelled / f"{record}.csv").read_bytes())
    table = pd.read_csv(tmp_path / "p233.csv", keep_default_na=False)
    table["sample"] = (table["sample"] * 250 / 360).round().astype(int)
    table.to_csv(tmp_path / "p233.csv", index=False)
    with pytest.raises(EcgError, match=r"p233\.csv: row \d+ has sample .*another recording"):
        trained_on(recordings, tmp_path, tmp_path / "cache")


@pytest.mark.parametrize(("segmentation", "model"), [("kaggle", "cnn"), ("window", "sequence"), ("context", "context")])
def test_models_take_the_beats(recordings: Path, labelled: Path, tmp_path: Path, segmentation: str, model: str) -> None:
    said = [
        f"dataset.recordings={recordings}",
        f"dataset.labels_folder={labelled}",
        f"dataset.segmentation={segmentation}",
    ]
    config = compose("dataset=own", f"model={model}", *said, f"cache_dir={tmp_path}")
    data = config.data()
    data.prepare_data()
    data.setup()
    network = config.network(inputs=data.info.shapes, n_classes=len(data.info.classes))
    data.serve(network)
    counted = sum(int((y >= 0).sum()) for _, y in data.train_dataloader())
    assert counted == len(data.split.train) > 0
