"""The package as a library: what `import ecg` costs, and what its public names do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
import wfdb
from matplotlib.figure import Figure

import ecg
from ecg.config.compose import compose
from ecg.data.settings import Simulated
from ecg.explain.study import Amounts
from ecg.pipeline import report
from ecg.pipeline import run as train
from ecg.report.style import Context, new_figure
from ecg.runs.job import Job
from ecg.training.inference import probabilities

FEW = Simulated(patients=12, minutes=0.5)
LEADS = ("V5", "II")
FS = 250


def fresh(code: str, folder: Path) -> dict[str, object]:
    """What a program prints as JSON on its last line, in a new interpreter whose home is an empty folder."""
    home, drawing = folder / "home", folder / "drawing"  # torchmetrics imports matplotlib, which keeps its fonts
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ECG_", "WANDB", "XDG_"))}
    environment |= {"HOME": str(home), "MPLCONFIGDIR": str(drawing), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found | {"written": sorted(str(path) for path in home.rglob("*"))}


def test_importing_is_instant_and_loads_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    code = """
import json, sys, time
began = time.process_time()
import ecg
took = time.process_time() - began
heavy = {"torch", "pandas", "wandb", "matplotlib", "pytorch_lightning", "numpy", "hydra", "wfdb"}
print(json.dumps({"took": took, "loaded": sorted(heavy & set(sys.modules)), "names": ecg.__all__}))
"""
    found = fresh(code, tmp_path)
    assert found["loaded"] == []
    assert found["took"] < 0.3  # type: ignore[operator]  # PyTorch alone takes a second
    assert found["names"] == ecg.__all__


def test_every_name_loads_by_itself_and_nothing_is_written_or_tracked(tmp_path: Path) -> None:
    """Each name as the first of its process's: none needs another one to have been loaded before it."""
    code = """
import json, sys
names, failed = __import__("ecg").__all__, {}
for name in names:
    for module in [module for module in sys.modules if module.partition(".")[0] == "ecg"]:
        del sys.modules[module]
    import ecg
    try:
        getattr(ecg, name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps({"names": names, "failed": failed, "wandb": "wandb" in sys.modules}))
"""
    found = fresh(code, tmp_path)
    assert found["failed"] == {}
    assert len(found["names"]) >= 12  # type: ignore[arg-type]
    assert found["wandb"] is False
    assert found["written"] == []


@pytest.mark.parametrize("name", ecg.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    said = getattr(ecg, name).__doc__
    assert said is not None
    assert re.match(r"[A-Z].{10,}[.,:;]", said), said
    assert not said.startswith(f"{name}(")  # what a dataclass without a docstring says
    assert name in dir(ecg)


def test_all_that_the_package_shows_in_its_own_docstring_is_there() -> None:
    shown = set(re.findall(r"\becg((?:\.\w+)+)", ecg.__doc__ or ""))
    assert {".read_recording", ".load_model", ".load_run", ".data.ArrhythmiaDataModule"} <= shown
    for path in shown:
        thing: object = ecg
        for name in path[1:].split("."):
            thing = getattr(thing, name)
        assert callable(thing), path


def test_an_unknown_name_is_named_beside_those_there_are() -> None:
    with pytest.raises(AttributeError, match=r"'ecg' has no attribute 'load_modle'; it offers .*load_model") as said:
        ecg.load_modle  # noqa: B018
    assert "\n" not in str(said.value)
    assert not hasattr(ecg, "nothing")
    with pytest.raises(ImportError, match="nothing"):
        from ecg import nothing  # noqa: F401


@pytest.fixture(scope="module")
def millivolts() -> np.ndarray:
    """Two leads, [lead, time], in steps of a thousandth of a mV."""
    t = np.arange(4 * FS) / FS
    return np.round([np.sin(2 * np.pi * t), 0.5 * np.cos(3 * t) + 0.1], 3)


def write_wfdb(folder: Path, signals: np.ndarray) -> Path:
    where = {"record_name": "mine", "write_dir": str(folder)}
    kinds = {"sig_name": list(LEADS), "units": ["mV"] * 2, "fmt": ["16"] * 2, "adc_gain": [1000.0] * 2}
    wfdb.wrsamp(fs=FS, p_signal=signals.T, baseline=[5, 5], **where, **kinds)
    wfdb.wrann(extension="atr", sample=np.array([100, 400]), symbol=["N", "V"], **where)
    return folder / "mine.hea"


def write_edf(folder: Path, signals: np.ndarray) -> Path:
    bounds = {"physical_range": (-2.0, 2.0), "digital_range": (-2000, 2000)}
    made = [
        edfio.EdfSignal.from_digital(np.rint(1000 * signal).astype(np.int16), FS, label=name, **kind, **bounds)
        for name, signal, kind in zip(LEADS, signals, [{"physical_dimension": "mV"}] * 2, strict=True)
    ]
    edfio.Edf(made).write(folder / "mine.edf")
    return folder / "mine.edf"


def write_csv(folder: Path, signals: np.ndarray) -> Path:
    rows = [f"{i / FS:.3f},{one:.3f},{other:.3f}" for i, (one, other) in enumerate(signals.T)]
    (folder / "mine.csv").write_text("\n".join([f"time,{','.join(LEADS)}", *rows]), encoding="utf-8")
    return folder / "mine.csv"


@pytest.mark.parametrize("write", [write_wfdb, write_edf, write_csv])
def test_a_recording_is_read_in_millivolts_from_any_file(
    write: Callable[[Path, np.ndarray], Path], millivolts: np.ndarray, tmp_path: Path
) -> None:
    path = write(tmp_path, millivolts)
    recording = ecg.read_recording(path)
    assert isinstance(recording, ecg.Recording)
    assert (recording.record, recording.patient, recording.fs) == ("mine", "mine", FS)
    assert recording.leads == ("II",)  # by its name, not its place
    np.testing.assert_allclose(recording.millivolts(0), millivolts[1], atol=1e-6)
    other = ecg.read_recording(str(path), lead="v5")
    assert other.leads == ("V5",)
    np.testing.assert_allclose(other.millivolts(0), millivolts[0], atol=1e-6)
    assert ecg.read_recording(path, preferred=("V5",)).leads == ("V5",)
    if write is write_wfdb:
        assert isinstance(recording.annotations, ecg.Annotations)
        assert recording.annotations.sample.tolist() == [100, 400]
        assert recording.annotations.symbol.tolist() == ["N", "V"]
    else:
        assert recording.annotations is None


def test_what_cannot_be_read_is_said_in_a_line_that_names_the_file(millivolts: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "several"
    folder.mkdir()
    wfdb_file, edf_file = write_wfdb(tmp_path, millivolts), write_edf(folder, millivolts)
    (folder / "other.csv").write_bytes(write_csv(tmp_path, millivolts).read_bytes())
    np.save(tmp_path / "bare.npy", millivolts[0])
    (tmp_path / "broken.edf").write_bytes(edf_file.read_bytes()[:300])
    for path, asked, message in (
        (tmp_path / "nothing.edf", {}, "does not exist"),
        (tmp_path / "broken.edf", {}, "damaged, cut off or no EDF file"),
        (wfdb_file, {"lead": "aVR"}, "no lead 'aVR'; it has V5, II"),
        (tmp_path / "bare.npy", {}, "the sampling rate is missing"),
        (folder, {}, "holds 2 recordings; name one of them"),
    ):
        with pytest.raises(ecg.EcgError, match=f"^{re.escape(str(path))}.*{re.escape(message)}.*$"):
            ecg.read_recording(path, **asked)  # type: ignore[arg-type]
    assert ecg.read_recording(tmp_path / "bare.npy", fs=FS).fs == FS


def blank(*_: object, **__: object) -> dict[str, Figure]:
    """In place of `run_figures`: drawing has its own tests, and takes most of a small run's time."""
    return {name: new_figure(Context("nothing"), 2, 1) for name in ("learning_curves", "confusion")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `cache` and `runs`: two runs on the same simulated recordings, which differ in their seed."""
    home = tmp_path_factory.mktemp("home")
    kinds = [f"dataset.synthetic.patients={FEW.patients}", f"dataset.synthetic.minutes={FEW.minutes}"]
    small = ["dataset.source=synthetic", *kinds, "dataset.batch_size=64", "trainer.max_epochs=2", "model=kachuee"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "run_figures", blank)
        for number, seed in ((10, 1), (2, 0)):
            config = compose(*small, f"seed={seed}", "logger=none", "bootstrap=0", f"cache_dir={home / 'cache'}")
            train(config, Job(home / "runs" / f"{number}_arrhythmia"))
    return home


@pytest.fixture(scope="module")
def folder(home: Path) -> Path:
    return home / "runs" / "2_arrhythmia"


@pytest.fixture(scope="module")
def record(home: Path) -> Path:
    """A recording of a patient who tested."""
    return home / "cache" / "simulated-arrhythmia-12x0.5min-seed0" / "sim010.hea"


def test_a_run_tells_what_it_was_made_with_and_how_good_it_is(folder: Path) -> None:
    run = ecg.load_run(str(folder))
    assert isinstance(run, ecg.Run)
    assert (run.state, run.reason, run.name, run.folder) == ("finished", "", "arrhythmia-kachuee-seed0", folder)
    assert run.config.trainer["max_epochs"] == run.settings["trainer.max_epochs"] == 2
    assert run.history["epoch"].tolist() == [1, 2]
    right = (run.predictions["label"] == run.predictions["predicted"]).mean()
    assert run.metrics["test/accuracy"] == pytest.approx(right)
    people = run.split["patients"]
    assert set(people["test"]) == set(run.predictions["patient"])
    assert not set(people["test"]) & {*people["train"], *people["val"]}
    assert run.origin is None


def test_a_run_s_model_and_data_give_its_predictions_again(folder: Path) -> None:
    run = ecg.load_run(folder)
    data = run.datamodule()
    assert isinstance(data, ecg.data.ArrhythmiaDataModule)
    data.prepare_data()
    data.setup()
    beats = data.beats.take(data.split.test)
    assert beats.sample.tolist() == run.predictions["sample"].tolist()
    assert isinstance(run.model, ecg.models.LayeredModel)
    assert not run.model.training
    written = run.predictions[[f"p_{name}" for name in data.classes]].to_numpy()
    np.testing.assert_allclose(probabilities(run.model, beats), written, atol=1e-5)


def test_runs_are_found_at_any_depth_each_once_and_job_2_before_job_10(home: Path, folder: Path) -> None:
    found = ecg.find_runs(home)
    assert [run.folder.name for run in found] == ["2_arrhythmia", "10_arrhythmia"]
    assert [run.metrics["seed"] for run in found] == [0, 1]
    other = folder.with_name("10_arrhythmia")
    assert [run.folder for run in ecg.find_runs(str(other), home / "runs")] == [other, folder]
    assert [run.folder for run in ecg.find_runs([other, folder])] == [other, folder]


def test_a_folder_without_a_run_is_named(home: Path, tmp_path: Path) -> None:
    for work in (ecg.load_run, ecg.load_model, ecg.find_runs):
        for path in (home / "cache", tmp_path / "gone"):
            with pytest.raises(ecg.EcgError, match=f"^{re.escape(str(path))}.*$"):
                work(path)


@pytest.fixture(scope="module")
def model(folder: Path) -> ecg.BeatModel:
    return ecg.load_model(folder)


def test_a_model_labels_a_recording_as_its_docstring_promises(model: ecg.BeatModel, record: Path) -> None:
    assert model.classes == ("N", "S", "V", "F", "Q")
    assert list(model.leads) == ["MLII"]
    beats = model.predict(record)
    shares = [f"p_{name}" for name in model.classes]
    assert list(beats.columns) == ["sample", "time_s", "rr_s", "label", *shares, "reason"]
    assert len(beats) > 20
    np.testing.assert_allclose(beats["time_s"], beats["sample"] / 360)
    assert np.isnan(beats["rr_s"][0])
    np.testing.assert_allclose(beats["rr_s"][1:], np.diff(beats["time_s"]))
    labelled = beats["label"] != "-"
    assert labelled.sum() == len(beats) - 1
    assert (beats["reason"] == "").tolist() == labelled.tolist()
    assert beats["reason"].iloc[-1] == "no beat after it"
    assert beats.loc[~labelled, shares].isna().all(axis=None)
    np.testing.assert_allclose(beats.loc[labelled, shares].sum(axis=1), 1, atol=1e-5)
    chosen = beats.loc[labelled, shares].idxmax(axis=1).str.removeprefix("p_")
    assert chosen.tolist() == beats.loc[labelled, "label"].tolist()


def test_a_model_gives_the_same_from_a_path_a_recording_or_the_weights_file(
    model: ecg.BeatModel, folder: Path, record: Path
) -> None:
    beats = model.predict(record)
    pd.testing.assert_frame_equal(model.predict(str(record.with_suffix(""))), beats)
    pd.testing.assert_frame_equal(model.predict(ecg.read_recording(record)), beats)
    pd.testing.assert_frame_equal(ecg.load_model(str(folder / "weights.safetensors")).predict(record), beats)
    in_v5 = model.predict(record, lead="V5")
    pd.testing.assert_frame_equal(model.predict(ecg.read_recording(record, lead="V5")), in_v5)
    assert not in_v5.equals(beats)


@pytest.mark.parametrize("lead", [None, "V5"])
def test_a_model_gives_what_the_command_writes(
    lead: str | None, model: ecg.BeatModel, folder: Path, record: Path, tmp_path: Path, command: Callable[..., str]
) -> None:
    command("predict", record, "--weights", folder, "--out", tmp_path, *(["--lead", lead] if lead else []))
    written = pd.read_csv(tmp_path / "sim010.csv", keep_default_na=False, na_values=[""])
    beats = model.predict(record, lead=lead)
    shares = [f"p_{name}" for name in model.classes]
    assert set(written.columns) - set(beats.columns) == {"confidence"}
    for name in ("sample", "label"):
        assert written[name].tolist() == beats[name].tolist()
    for name in ("time_s", "rr_s", *shares):
        np.testing.assert_allclose(written[name], beats[name], atol=0.5001e-4)
    np.testing.assert_allclose(written["confidence"], beats[shares].max(axis=1), atol=0.5001e-4)


def test_what_a_model_cannot_label_is_said_in_a_line(
    model: ecg.BeatModel, home: Path, record: Path, tmp_path: Path
) -> None:
    for given, lead, message in (
        (record, "V9", "no lead 'V9'; it has MLII, V5"),
        (ecg.read_recording(record), "V9", "no lead 'V9'; it has MLII"),
        (tmp_path / "gone.edf", None, "does not exist"),
        (record.parent, None, "holds 12 recordings; name one of them"),
    ):
        with pytest.raises(ecg.EcgError, match=f"^.*{re.escape(message)}.*$"):
            model.predict(given, lead=lead)


def test_where_the_signal_is_missing_there_is_no_label_however_it_is_read(
    model: ecg.BeatModel, record: Path, tmp_path: Path
) -> None:
    recording = ecg.read_recording(record)
    lead = recording.millivolts(0)
    cells = ["" if 3600 <= i < 5400 else f"{value:.4f}" for i, value in enumerate(lead)]
    rows = [f"{i / 360:.6f},{cell}" for i, cell in enumerate(cells)]
    path = tmp_path / "gap.csv"
    path.write_text("\n".join(["time,MLII", *rows]), encoding="utf-8")
    beats = model.predict(path)
    assert set(beats["reason"]) == {"", "invalid samples", "no beat after it"}
    pd.testing.assert_frame_equal(model.predict(ecg.read_recording(path)), beats)


def test_a_trainer_of_one_s_own_trains_tests_predicts_and_keeps_a_model(home: Path, tmp_path: Path) -> None:
    """The page of Python in the package's docstring, with Lightning's own trainer and checkpoints."""
    data = ecg.data.ArrhythmiaDataModule(
        source="synthetic", split="patients", synthetic=FEW, batch_size=64, cache_dir=home / "cache"
    )
    model = ecg.training.BeatClassifier(ecg.models.cnn(n_classes=5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    best = pl.callbacks.ModelCheckpoint(tmp_path, filename="best", monitor="val/macro_f1", mode="max")
    trainer = pl.Trainer(
        max_epochs=2, callbacks=[best], default_root_dir=tmp_path, logger=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, data)

    people = {subset: set(data.beats.patient[index]) for subset, index in data.split.subsets.items()}
    assert all(people.values())
    assert not people["train"] & people["val"]
    assert not people["test"] & (people["train"] | people["val"])
    assert all(not torch.equal(before[f"model.{name}"], value) for name, value in model.model.named_parameters())
    scores = ("loss", "accuracy", "balanced_accuracy", "macro_f1")
    assert {"train/loss", *(f"val/{name}" for name in scores)} <= set(trainer.callback_metrics)

    (tested,) = trainer.test(model, data, verbose=False)
    assert set(tested) == {f"test/{name}" for name in scores}
    predicted = torch.cat(trainer.predict(model, data))  # type: ignore[arg-type]
    assert predicted.shape == (len(data.split.test), 5)
    right = predicted.argmax(dim=1).numpy() == data.beats.y[data.split.test]
    assert tested["test/accuracy"] == pytest.approx(right.mean())

    x = torch.from_numpy(data.beats.signal[data.split.test])
    trainer.save_checkpoint(tmp_path / "mine.ckpt")
    again = ecg.training.BeatClassifier.load_from_checkpoint(tmp_path / "mine.ckpt", weights_only=True).eval()
    with torch.inference_mode():
        assert torch.equal(again(x), model.eval()(x))
        assert torch.allclose(again(x).softmax(dim=1), predicted, atol=1e-6)
    assert again.hparams == model.hparams
    kept = ecg.training.BeatClassifier.load_from_checkpoint(best.best_model_path, weights_only=True)
    assert kept.model.names == model.model.names


def test_data_of_other_classes_than_the_models_is_refused_before_training(home: Path, tmp_path: Path) -> None:
    data = ecg.data.MIDataModule(source="synthetic", synthetic=FEW, cache_dir=home / "cache")
    trainer = pl.Trainer(max_epochs=1, default_root_dir=tmp_path, logger=False, enable_checkpointing=False)
    with pytest.raises(ecg.EcgError, match=r"2 classes \(normal, MI\), the model 5 logits; build it with n_classes=2"):
        trainer.fit(ecg.training.BeatClassifier(ecg.models.cnn()), data)


def test_what_commands_do_with_runs_takes_one_path_as_text(home: Path, folder: Path, tmp_path: Path) -> None:
    found = ecg.compare.compare(str(home / "runs"))
    assert len(found.runs) == 2
    assert found.settings["n"].tolist() == [2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ecg.evaluate.files.run_figures", blank)
        made = ecg.evaluate.evaluate(str(folder), "dataset.synthetic.patients=14", out=str(tmp_path / "evaluated"))
    assert made.folder.path == tmp_path / "evaluated"
    assert 0 <= made.results.metrics["test/accuracy"] <= 1
    with pytest.MonkeyPatch.context() as patch:
        few = Amounts(probed=60, mapped=8, tested=1, shown=20, draws=1)
        patch.setattr(Amounts, "of", lambda _: few)
        patch.setattr("ecg.explain.pipeline._figures", lambda _: [])
        patch.setattr("ecg.explain.pipeline.explained_page", lambda *_, **__: "")
        shown = ecg.explain.explain(str(folder), out=str(tmp_path / "explained"))
    assert shown.page == tmp_path / "explained" / "index.html"
    pd.testing.assert_frame_equal(
        shown.tables["trust"].round(4), pd.read_csv(shown.page.with_name("trust.csv")).fillna({"of": ""}), atol=1e-4
    )


@pytest.mark.parametrize("work", [lambda: ecg.compare.compare([]), lambda: ecg.explain.explain([])])
def test_no_run_at_all_is_said(work: Callable[[], object]) -> None:
    with pytest.raises(ecg.EcgError, match="name"):
        work()
