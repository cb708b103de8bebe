"""Every wrong setting ends in one line that names the key and the way on, before any data is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ecg.config.build import build
from ecg.config.compose import compose
from ecg.config.hints import HINTS, hint_for
from ecg.config.messages import explain
from ecg.errors import EcgError


def message(*overrides: str) -> str:
    """What a person reads for wrong settings."""
    with pytest.raises(EcgError) as caught:
        compose(*overrides)
    told = str(caught.value)
    assert told.isprintable(), told  # so it is one line, too
    return told


@pytest.mark.parametrize(
    ("override", "choices"),
    [
        ("dataset.source=disk", "physionet, sample, kaggle, synthetic"),
        ("dataset=mi dataset.source=disk", "physionet, kaggle, synthetic"),
        ("loss=mse", "cross_entropy, focal, rpeaks, weighted"),
        ("optimizer=lion", "adam, adamw, rmsprop, sgd"),
        ("scheduler=linear", "constant, cosine, one_cycle, plateau, step"),
        ("scheduler.interval=day", "step, epoch"),
        ("logger.wandb.mode=on", "auto, online, offline, disabled"),
        ("augment.when=sometimes", "auto, always, never"),
        ("transfer.init=new", "source, fresh"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(override: str, choices: str) -> None:
    assert message(*override.split()) == f"{override.split()[-1]}: choose one of {choices}"


def test_the_trainers_own_choices_are_known_and_auto_is_one() -> None:
    told = message("trainer.precision=63")
    assert told.startswith("trainer.precision=63: choose one of ")
    for choice in ("auto", "32-true", "bf16-mixed", "16-mixed"):
        assert choice in told
        assert compose(f"trainer.precision={choice}").trainer["precision"] == choice


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("seed=-1", "from 0 to 2147483647"),
        ("seed=2147483648", "from 0 to 2147483647"),
        ("bootstrap=-1", "from 0 to 100000"),
        ("threads=0", "from 1 to 1024"),
    ],
)
def test_a_value_of_the_run_out_of_range_is_refused_with_the_range(override: str, wanted: str) -> None:
    assert message(override) == f"{override}: must be {wanted}"


BUILT = [
    ("model.dropout=2", "from 0 to 1 (not included)"),
    ("model.dropout=-0.1", "from 0 to 1 (not included)"),
    ("model.dropout=nan", "from 0 to 1 (not included)"),
    ("dataset.batch_size=1", "at least 2"),
    ("dataset.val_fraction=0.6", "from 0 to 0.5"),
    ("dataset=mi dataset.val_fraction=-0.1", "from 0 to 0.5"),
    ("dataset.test_fraction=1", "from 0 (not included) to 0.9"),
    ("dataset.synthetic.patients=2", "from 3 to"),
    ("dataset=mi dataset.min_likelihood=-1", "from 0 to 100"),
    ("dataset=mi dataset.beats_per_patient=0", "at least 1"),
    ("dataset=mi dataset.train_fraction_of_patients=2", "from 0 (not included) to 1"),
    ("dataset=mi dataset.folds.index=5", "from 0 to 4"),
    ("callbacks.ema.decay=1", "from 0 (not included) to 1 (not included)"),
    ("loss=focal loss.gamma=-1", "from 0 to 10"),
    ("augment.stretch=0.6", "from 0 to 0.5"),
    ("transfer.lr_decay=0", "from 0 (not included) to 1"),
    ("transfer.probe_epochs=0", "at least 1"),
]


@pytest.mark.parametrize(("override", "wanted"), BUILT)
def test_a_value_of_a_part_out_of_range_is_refused_where_it_is_built_with_the_whole_key(
    override: str, wanted: str, tmp_path: Path
) -> None:
    typed = override.split()[-1]
    made, key = compose(*override.split(), f"cache_dir={tmp_path}"), typed.partition("=")[0]
    group = key.partition(".")[0]
    with pytest.raises(EcgError) as told:
        build(
            *((made.callbacks["ema"] or {}, "callbacks.ema") if group == "callbacks" else (getattr(made, group), group))
        )
    assert str(told.value).startswith(f"{typed}: must be {wanted}")
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("datset=mi", ["datset", "did you mean dataset?"]),
        ("datset.source=kaggle", ["datset", "did you mean dataset?"]),
        ("model=cn", ["model=cn", "did you mean cnn?", "cnn, compact, context, context_cnn, kachuee"]),
        ("trainer=tpu", ["trainer=tpu", "cpu, ddp, debug, default, gpu"]),
        ("experiment=publishd", ["did you mean published?", "quickstart"]),
        ("callbacks=[defaul]", ["callbacks=defaul", "did you mean default?", "early_stopping"]),
        ("logger=[wandb,tensorbord]", ["logger=tensorbord", "did you mean tensorboard?"]),
        ("trainer.max_epochs=three", ["trainer.max_epochs=three", "whole number"]),
        ("trainer.max_epochs=1.5", ["trainer.max_epochs=1.5", "whole number"]),
        ("trainer.max_epochs=true", ["trainer.max_epochs=true", "whole number"]),
        ("seed=null", ["seed=null", "whole number"]),
        ("seed='1'", ["seed=1", "whole number"]),
        ("optimizer.lr=fast", ["optimizer.lr=fast", "a number"]),
        ("optimizer.betas=0.9", ["optimizer.betas=0.9", "a list, e.g. [a,b]"]),
        ("augment=3", ["name of one of its files", "augment"]),
        ("model=null", ["name of one of its files", "model"]),
        ("dataset.synthetic=3", ["dataset.synthetic=3", "dataset.synthetic.KEY=VALUE"]),
        ("callbacks.mine=3", ["callbacks.mine=3", "callbacks.mine.KEY=VALUE"]),
        ("callbacks.mine.patience=3", ["callbacks.mine has no _target_", "callbacks.mine._target_=my_package.MyClass"]),
        ("logger.wandb.tags=abc", ["logger.wandb.tags=abc", "list"]),
        ("output_dir=3", ["output_dir=3", "text"]),
        ("rerun=perhaps", ["rerun=perhaps", "true or false"]),
        ("dataset.strict_subjects=perhaps", ["dataset.strict_subjects=perhaps", "true or false"]),
        ("~model", ["model has no _target_"]),
        ("optimizer.params=1", ["optimizer.params is no setting", "model's"]),
        ("dataset.data_dir=x", ["dataset.data_dir is no setting", "data_dir="]),
        ("loss=weighted loss.class_counts=[1]", ["loss.class_counts is no setting", "training beats"]),
        ("logger.wandb.run=x", ["logger.wandb.run is no setting"]),
    ],
)
def test_a_slip_is_answered_with_the_key_and_the_way_on(override: str, parts: list[str]) -> None:
    told = message(*override.split())
    for part in parts:
        assert part in told
    assert "Traceback" not in told


NEAREST = [
    ("trainer.max_epoch", "trainer.max_epochs"),
    ("trainer.maxepochs", "trainer.max_epochs"),
    ("trainer.gradient_clip_value", "trainer.gradient_clip_val"),
    ("trainer.limit_train_batch", "trainer.limit_train_batches"),
    ("optimizer.weigth_decay", "optimizer.weight_decay"),
    ("model.dropoutt", "model.dropout"),
    ("augment.strech", "augment.stretch"),
    ("transfer.trainable_layer", "transfer.trainable_layers"),
    ("dataset.batchsize", "dataset.batch_size"),
    ("dataset.synthetic.patient", "dataset.synthetic.patients"),
    ("callbacks.ema.decy", "callbacks.ema.decay"),
    ("logger.wandb.projct", "logger.wandb.project"),
    ("scheduler.pct_strt", "scheduler.pct_start"),
    ("monitr", "monitor"),
    ("outputdir", "output_dir"),
]


@pytest.mark.parametrize("sign", ["", "+"])
@pytest.mark.parametrize(("key", "nearest"), NEAREST)
def test_an_unknown_key_is_answered_with_the_nearest_one_at_that_place(sign: str, key: str, nearest: str) -> None:
    told = message(f"{sign}{key}=1")
    assert told.startswith(f"unknown key {key}: did you mean {nearest}")
    assert "dataset.dataset" not in told


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("loss.gamma=1", "unknown key loss.gamma: keys of loss: weight, "),
        ("model=kachuee model.dropout=0.1", "unknown key model.dropout: keys of model: none"),
        (
            "dataset.min_likelihood=0",
            "unknown key dataset.min_likelihood: keys of dataset: source, segmentation, split, ",
        ),
        ("+foo.bar=1", "unknown key foo: keys: dataset, model, loss, "),
        ("dataset.model=mi", "unknown key dataset.model: keys of dataset: source, segmentation, "),
        ("+trainer.foo=1", "unknown key trainer.foo: keys of trainer: accelerator, "),
    ],
)
def test_an_unknown_key_that_is_near_to_none_is_answered_with_those_there_are(override: str, said: str) -> None:
    assert message(*override.split()).startswith(said)


HABITS = [
    ("ckpt_path=x", "resume=RUN"),
    ("train=false", "ecg evaluate RUN"),
    ("lr=0.1", "optimizer.lr="),
    ("model.lr=0.1", "optimizer.lr="),
    ("learning_rate=0.1", "optimizer.lr="),
    ("trainer.lr=0.1", "optimizer.lr="),
    ("optimizer.learning_rate=1", "optimizer.lr="),
    ("epochs=3", "trainer.max_epochs="),
    ("max_epochs=3", "trainer.max_epochs="),
    ("trainer.epochs=3", "trainer.max_epochs="),
    ("batch_size=3", "dataset.batch_size="),
    ("trainer.batch_size=3", "dataset.batch_size="),
    ("data=mi", "dataset="),
    ("dataset.cut=paper", "dataset.segmentation="),
    ("dataset.paper.threshold=0.8", "'dataset.segmentation={name:paper,...}'"),
    ("gpus=2", "trainer.devices="),
    ("trainer.gpus=2", "trainer.accelerator=gpu"),
    ("tracking=csv", "logger="),
    ("tracking.mode=disabled", "logger.wandb.mode="),
    ("wandb.project=x", "logger.wandb.project="),
    ("trainer.loss.name=weighted", "loss="),
    ("trainer.optimizer.name=sgd", "optimizer="),
    ("trainer.optimizer.lr=1", "optimizer.lr="),
    ("trainer.schedule.name=plateau", "scheduler="),
    ("schedule.name=plateau", "scheduler="),
    ("trainer.patience=3", "callbacks=[default,early_stopping]"),
    ("trainer.ema_decay=null", "callbacks.ema"),
    ("trainer.gradient_clip=1", "trainer.gradient_clip_val="),
    ("trainer.limit_batches=3", "trainer.limit_train_batches="),
    ("trainer.monitor=val/loss", "monitor="),
    ("trainer.augment.when=never", "augment.when="),
    ("optimizer.name=sgd", "optimizer="),
    ("loss.name=focal", "loss="),
]


@pytest.mark.parametrize("sign", ["", "+"])
@pytest.mark.parametrize(("override", "way"), HABITS)
def test_habits_from_elsewhere_and_from_before_get_their_hint(sign: str, override: str, way: str) -> None:
    told = message(f"{sign}{override}")
    assert told.startswith("unknown key ")
    assert way in told


@pytest.mark.parametrize("key", HINTS)
def test_a_hint_is_only_for_what_does_not_exist(key: str) -> None:
    assert message(f"++{key}=1").endswith(HINTS[key])


def test_a_hint_holds_for_all_below_its_key_and_no_further() -> None:
    assert hint_for("trainer.loss.focal_gamma") == HINTS["trainer.loss"]
    assert hint_for("trainer") is hint_for("optimizer.lr") is hint_for("model.optimize") is None


@pytest.mark.parametrize(
    ("override", "way"),
    [
        ("hydra/launcher=nothere", "hydra-nothere-launcher"),
        ("hydra/launcher=dask", "not installed"),
        ("hydra/sweeper=nothere", "hydra/sweeper=nothere: not installed"),
    ],
)
def test_a_plugin_of_hydra_that_is_not_there_is_said(override: str, way: str) -> None:
    told = message(override)
    assert told.startswith(f"{override}: ")
    assert way in told


@pytest.mark.parametrize("typed", ["trainer.max_epochs", "output_dir=Ausgänge", "output_dir='x", "model=cnn;", "a b"])
def test_a_setting_that_cannot_be_read_is_shown(typed: str) -> None:
    told = message(typed)
    assert typed.partition("=")[0] in told
    assert "key=value" in told


def test_a_bug_has_no_message_and_keeps_its_trace() -> None:
    assert explain(ZeroDivisionError("x")) is None
    assert explain(ValueError("x")) is None
    assert explain(OSError("no number")) is None


def test_a_file_error_names_the_file() -> None:
    assert "/nowhere/x: Permission denied" in (explain(PermissionError(13, "Permission denied", "/nowhere/x")) or "")
    full = explain(OSError(28, "No space left on device", "run/report/index.html"))
    assert (
        full
        == "run/report/index.html: No space left on device; make room, then go on with resume= and the run's folder"
    )


def test_what_a_target_refuses_is_said_in_its_own_first_line(here: Callable[[str, str], Path]) -> None:
    content = "def no(*, width: int = 1):\n    raise ValueError('width must be even\\nand more')\n"
    here("ecg_test_refuses", content)
    with pytest.raises(EcgError) as told:
        build({"_target_": "ecg_test_refuses.no", "width": 1}, "model")
    assert str(told.value) == "model (ecg_test_refuses.no) refuses its settings: width must be even"


def test_a_package_that_a_target_needs_is_named(here: Callable[[str, str], Path]) -> None:
    here("ecg_test_needs", "def no():\n    import ecg_test_nowhere\n")
    with pytest.raises(EcgError, match=r"^logger\.x needs a package that is not installed: ecg_test_nowhere$"):
        build({"_target_": "ecg_test_needs.no"}, "logger.x")


def test_a_file_where_a_folder_is_needed_is_named_with_the_settings_that_may_be_meant() -> None:
    told = explain(FileExistsError(17, "File exists", "run/config.yaml"))
    assert told == "run/config.yaml is a file, where resume=, output_dir= or cache_dir= must name a folder"
