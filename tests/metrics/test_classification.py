"""The metrics of a run against scikit-learn, and the metrics of training against the metrics of a run."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from ecg.errors import EcgError
from ecg.metrics import classification  # as a module: pytest would collect `test_metrics`

AAMI = ("N", "S", "V", "F", "Q")


def softmax(logits):
    power = np.exp(logits - logits.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True)


def random_model(n=500, present=(0, 1, 2, 3, 4), n_classes=5, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.choice(present, n)
    return target, softmax(rng.normal(size=(n, n_classes)) * 2 + 2 * np.eye(n_classes)[target])


def expected_ece(target, probability):
    top, right = probability.max(axis=1), probability.argmax(axis=1) == target
    inside = np.minimum((top * 15).astype(int), 14)
    return sum(abs(top[inside == b].mean() - right[inside == b].mean()) * np.mean(inside == b) for b in set(inside))


@pytest.mark.parametrize("present", [(0, 1, 2, 3, 4), (0, 2, 4)])
def test_all_keys_and_values(present):
    target, probability = random_model(present=present)
    values = classification.test_metrics(target, probability, AAMI)
    scores = {f"test/{name}/{score}" for name in AAMI for score in ("se", "ppv", "f1", "fpr", "support")}
    whole = {"accuracy", "balanced_accuracy", "macro_f1", "auroc", "ece", "nll", "brier", "jk"}
    assert set(values) == scores | {f"test/{name}" for name in whole}
    assert all(type(value) is float for value in values.values())

    predicted = probability.argmax(axis=1)
    assert values["test/accuracy"] == pytest.approx(sk.accuracy_score(target, predicted))
    assert values["test/macro_f1"] == pytest.approx(
        sk.f1_score(target, predicted, labels=range(5), average="macro", zero_division=0)
    )
    areas = [sk.roc_auc_score(target == one, probability[:, one]) for one in present]
    assert values["test/auroc"] == pytest.approx(np.mean(areas), abs=1e-5)
    assert values["test/nll"] == pytest.approx(sk.log_loss(target, probability, labels=range(5)))
    one_hot = np.eye(5)[target]
    assert values["test/brier"] == pytest.approx(np.square(probability - one_hot).sum(axis=1).mean())
    assert values["test/ece"] == pytest.approx(expected_ece(target, probability), abs=1e-5)


def test_two_classes_use_the_second_as_positive_and_have_no_jk():
    target, probability = random_model(present=(0, 1), n_classes=2)
    values = classification.test_metrics(target, probability, ("normal", "mi"))
    assert values["test/auroc"] == pytest.approx(sk.roc_auc_score(target, probability[:, 1]), abs=1e-5)
    assert values["test/mi/se"] == pytest.approx(sk.recall_score(target, probability.argmax(axis=1)))
    assert "test/jk" not in values


def test_the_area_of_two_classes_is_that_of_the_second_where_the_first_is_rounded_to_one():
    rare = np.array([1e-18, 3e-18, 2e-18, 4e-18])
    values = classification.test_metrics([0, 1, 0, 1], np.stack([1 - rare, rare], axis=1), ("normal", "mi"))
    assert values["test/auroc"] == 1


def test_the_area_of_three_classes_is_the_mean_of_theirs():
    target, probability = random_model(present=(0, 1, 2), n_classes=3)
    areas = [sk.roc_auc_score(target == one, probability[:, one]) for one in range(3)]
    values = classification.test_metrics(target, probability, ("a", "b", "c"))
    assert values["test/auroc"] == pytest.approx(np.mean(areas), abs=1e-5)


def test_certain_and_rounded_probabilities():
    sure = np.eye(5, dtype=np.float32)[[0, 1, 2, 1]] * np.float32(1.0000001)
    values = classification.test_metrics([0, 1, 2, 2], sure, AAMI)
    assert values["test/auroc"] == pytest.approx((1 + 5 / 6 + 3 / 4) / 3, abs=1e-5)
    assert values["test/ece"] == pytest.approx(0.25, abs=1e-5)
    assert np.isfinite(values["test/nll"])
    assert values["test/brier"] == pytest.approx(0.5, abs=1e-5)


def test_auroc_of_one_class_is_undefined():
    _, probability = random_model(n=20)
    assert np.isnan(classification.test_metrics(np.zeros(20, dtype=int), probability, AAMI)["test/auroc"])


def test_wrong_input_is_refused():
    target, probability = random_model(n=10)
    with pytest.raises(EcgError, match="no beats"):
        classification.test_metrics([], np.empty((0, 5)), AAMI)
    with pytest.raises(EcgError, match="diverged"):
        classification.test_metrics(target, np.full((10, 5), np.nan), AAMI)
    with pytest.raises(ValueError, match="logits"):
        classification.test_metrics(target, probability * 9, AAMI)
    with pytest.raises(ValueError, match="shape"):
        classification.test_metrics(target, probability[:, :3], AAMI)


@pytest.mark.parametrize("present", [(0, 1, 2, 3, 4), (0, 2), (0,)], ids=["all", "two", "one"])
def test_training_metrics_equal_those_of_a_run_over_batches(present):
    target, probability = random_model(n=333, present=present)
    logits = torch.log(torch.from_numpy(probability)).float()
    metrics = classification.validation_metrics(5, prefix="val/")
    for epoch in range(2):
        for rows in torch.arange(333).split(50):
            wrong_epoch = torch.roll(torch.from_numpy(target), 1) if epoch == 0 else torch.from_numpy(target)
            metrics.update(logits[rows], wrong_epoch[rows])
        values = metrics.compute()
        if epoch == 0:
            metrics.reset()
    whole = classification.test_metrics(target, probability, AAMI)
    assert set(values) == {"val/accuracy", "val/balanced_accuracy", "val/macro_f1"}
    for name, value in values.items():
        assert float(value) == pytest.approx(whole[name.replace("val/", "test/")], abs=1e-6)


def test_training_metrics_take_class_indices_and_share_one_count():
    metrics = classification.validation_metrics(3)
    metrics.update(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0]))
    values = {name: float(value) for name, value in metrics.compute().items()}
    assert values == pytest.approx({"accuracy": 2 / 3, "balanced_accuracy": 0.5, "macro_f1": 4 / 9})
    assert list(metrics.compute_groups.values()) == [["accuracy", "balanced_accuracy", "macro_f1"]]
    assert metrics["macro_f1"]._reductions["confmat"] is not None
