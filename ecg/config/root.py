"""The whole configuration of a run: what `python train.py` composes, and what a run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ecg.checks import in_range
from ecg.config.build import build
from ecg.metrics.registry import metric
from ecg.targets import name_of

Node = dict[str, Any]
"""What is built: `_target_`, an import path, and parameters of that class or function."""


@dataclass(frozen=True)
class Group:
    """What a group of conf/ holds beside its nodes' own parameters.

    Attributes:
        given: parameters that a run provides itself, and how they are chosen instead.
        provided: parameters that a run provides where they are not set.
        extra: further keys and their types, which are not the target's own.
        also: values that a parameter takes beside those of its annotation.
        many: whether it holds several nodes by name.
        named: keys whose values are names of registered things, or import paths of one's own.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    provided: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    also: Mapping[str, Any] = field(default_factory=dict)
    many: bool = False
    named: tuple[str, ...] = ()


GROUPS: Mapping[str, Group] = {
    "dataset": Group(
        given={"data_dir": "write data_dir=", "cache_dir": "write cache_dir=", "seed": "write seed="},
        named=("segmentation", "split", "databases", "rpeaks"),
    ),
    "model": Group(given=dict.fromkeys(("inputs", "input_shape", "n_classes"), "the data says it")),
    "loss": Group(given={"class_counts": "the training beats say it", "class_names": "the dataset says them"}),
    "optimizer": Group(given={"params": "they are the model's"}),
    "scheduler": Group(
        given={"optimizer": "see the group optimizer"},
        provided=("max_lr", "T_max", "total_iters"),
        extra={"interval": Literal["step", "epoch"], "frequency": int, "monitor": str},
    ),
    "augment": Group(),
    "labelling": Group(),
    "trainer": Group(
        given={
            "callbacks": "choose callbacks=... or write callbacks.NAME._target_=...",
            "logger": "choose logger=... or write logger.NAME._target_=...",
            "plugins": "it is not a setting here",
            "default_root_dir": "it is the run folder; see output_dir",
        },
        also={"precision": Literal["auto"]},
    ),
    "transfer": Group(),
    "callbacks": Group(many=True),
    "metrics": Group(many=True),
    "logger": Group(many=True, given={"run": "the run says it"}, provided=("save_dir",)),
}
"""Every group of conf/ whose nodes are built (`experiment` holds settings of the others)."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that a run depends on; it does not change once composed.

    Attributes:
        dataset, model, loss, optimizer, augment, labelling, trainer, transfer: nodes, built by their `_target_`.
        scheduler: a node; None leaves the learning rate as it is.
        callbacks, logger, metrics: nodes by name.
    """

    dataset: Node
    model: Node
    loss: Node
    optimizer: Node
    trainer: Node
    transfer: Node
    augment: Node
    labelling: Node = field(default_factory=lambda: {"_target_": "ecg.training.Labelling"})
    scheduler: Node | None = None
    callbacks: dict[str, Node | None] = field(default_factory=dict)
    logger: dict[str, Node | None] = field(default_factory=dict)
    metrics: dict[str, Node | None] = field(default_factory=dict)
    """One's own, beside those of `ecg.metrics.registry`."""
    monitor: str = "val/macro_f1"
    """What decides which epoch is best: val/loss, or a metric that is followed."""
    seed: int = 0
    """Of the weights, the order of beats, dropout and the random parts of a split."""
    threads: int | None = None
    """Threads of PyTorch; null: as many as are faster than one at this moment, or OMP_NUM_THREADS."""
    data_dir: str | None = None
    """Folder that holds mitdb/, ptbdb/, ptb-xl/, kaggle/; null: ECG_DATA, or the platform's cache folder."""
    cache_dir: str | None = None
    """Folder for prepared beats and simulated recordings; null: the platform's cache folder."""
    output_dir: str = "outputs"
    """Folder that run folders are made in."""
    resume: str | None = None
    """A run folder to continue, with its own configuration."""
    rerun: bool = False
    """Start a sweep anew, even if the same one was begun before."""
    bootstrap: int = 2000
    """Replicates behind each interval."""
    test: bool = True
    """False: the test subset is not looked at, and validation alone says how good the run is, as in a search."""

    def __post_init__(self) -> None:
        in_range("seed", self.seed, 0, 2**31 - 1)
        in_range("bootstrap", self.bootstrap, 0, 100_000)
        if self.threads is not None:
            in_range("threads", self.threads, 1, 1024)

    def as_dict(self) -> dict[str, Any]:
        """Nested plain dictionaries, as in config.yaml."""
        return asdict(self)

    def data(self, data_dir: str | None = None) -> Any:
        """The data module; nothing is read yet.

        Args:
            data_dir: another folder than the run's own.
        """
        folders = {"data_dir": data_dir or self.data_dir, "cache_dir": self.cache_dir}
        return build(self.dataset, "dataset", **folders, seed=self.seed)

    def network(self, *, inputs: Mapping[str, tuple[int, ...]], n_classes: int) -> Any:
        """The model with fresh weights, for beats with inputs of these shapes.

        It is given `inputs`, or `input_shape`, the shape of `signal` alone, whatever it takes.
        """
        made = build(self.model, "model", inputs=inputs, input_shape=inputs["signal"], n_classes=n_classes)
        if getattr(made, "recipe", None) == {}:  # a model of one's own need not say how it is built
            made.recipe = dict(self.model)
        return made

    @property
    def dataset_name(self) -> str:
        """`arrhythmia`, `mi`, or what another data module is called."""
        return name_of(self.dataset["_target_"])

    @property
    def model_name(self) -> str:
        """`cnn`, `kachuee`, or what another model is called."""
        return name_of(self.model["_target_"])

    @property
    def mode(self) -> Literal["min", "max"]:
        """Whether less or more of `monitor` is better."""
        return mode_of(self.monitor)

    @property
    def name(self) -> str:
        """Says what the run is: `arrhythmia-cnn-seed0`, `mi-cnn-k3-seed0`."""
        k, source = self.transfer.get("trainable_layers"), self.transfer.get("source")
        return run_name(self.dataset["_target_"], self.model["_target_"], k, source, self.seed)


def mode_of(monitor: str) -> Literal["min", "max"]:
    """Whether less or more of a metric is better."""
    known = metric(monitor.rpartition("/")[2])
    higher = known.higher_is_better if known is not None else not monitor.endswith("loss")
    return "max" if higher else "min"


def run_name(dataset: object, model: object, layers: object, source: object, seed: object) -> str:
    """Name of a run and end of its folder's name; what goes without saying is left out.

    The dataset and the model are those that the import paths name.
    """
    start = "scratch" if layers is None else f"{'random-' if source == 'random' else ''}k{layers}"
    parts = [name_of(dataset), name_of(model), start, f"seed{seed}"]
    unsaid = {("arrhythmia", "scratch"), ("rpeaks", "scratch"), ("rpeaks", "RPeakNet")}
    return "-".join(part for part in parts if (parts[0], part) not in unsaid)
