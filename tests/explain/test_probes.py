from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ecg.beats.table import Beats
from ecg.explain.features import FEATURES, compare_layers, fit_projections, gram, linear_cka, project
from ecg.explain.probes import FEWEST_PER_PATIENT, ask, class_question, linear_probe, record_question, rise
from ecg.explain.sampling import balanced_sample, telling_beats
from ecg.explain.view import look_of
from ecg.models import LayeredModel

from .conftest import SAMPLES, beats_of, view_of


@pytest.fixture
def forgets_who() -> LayeredModel:
    """The input tells class and patient; the first layer keeps both, the second the class alone."""
    both, one = nn.Linear(SAMPLES, 8, bias=False), nn.Linear(8, 4, bias=False)
    with torch.no_grad():
        both.weight.zero_()
        both.weight[torch.arange(8), torch.arange(8)] = 1
        one.weight.zero_()
        one.weight[torch.arange(4), torch.arange(4)] = 1
    layers = {"both": nn.Sequential(nn.Flatten(), both), "one": one, "head": nn.Linear(4, 2)}
    return LayeredModel(layers, input_shape=(1, SAMPLES), n_classes=2).eval()


def planted(rng: np.random.Generator, n: int = 400, patients: int = 4) -> Beats:
    """Beats whose samples 0-3 code the class and 4-7 the patient."""
    y, who = rng.integers(0, 2, n), rng.integers(0, patients, n)
    x = 0.1 * rng.standard_normal((n, 1, SAMPLES))
    x[np.arange(n), 0, y] += 3
    x[np.arange(n), 0, 4 + who] += 3
    return beats_of(x, y, patient=who)


def test_probes_find_planted_classes_and_patients_and_where_they_end(
    forgets_who: LayeredModel, rng: np.random.Generator
) -> None:
    train, test = planted(rng), planted(rng)
    about_class, about_record = class_question(train, test, ("N", "S"), by_patient=False), record_question(test, 200)
    assert about_class is not None
    assert about_record is not None
    asked = {"class": about_class, "record": about_record}
    table = ask({"trained": forgets_who}, asked, look_of(forgets_who, test), seed=0)
    score = table.set_index(["what", "layer"])["score"]
    assert score["class", "input"] > 0.95
    assert score["class", "one"] > 0.95
    assert score["record", "both"] > 0.95
    assert score["record", "one"] < 0.5
    assert set(table[table["what"] == "record"]["chance"]) == {0.25}
    found = rise(table, "record")
    assert found is not None
    assert (found.last, found.chance) == ("one", 0.25)
    assert rise(table, "record", "source") is None


def test_the_record_probe_asks_later_beats_of_one_class_only(rng: np.random.Generator) -> None:
    beats = planted(rng, n=600)
    question = record_question(beats, 200)
    assert question is not None
    assert len({*question.train.y, *question.test.y}) == 1
    for number in range(len(question.names)):
        learnt = question.train.seconds[question.train_y == number]
        asked = question.test.seconds[question.test_y == number]
        assert learnt.max() < asked.min()
        assert asked.min() - learnt.max() > 2 * 0.8  # more than a beat lies between


def test_no_record_probe_where_nobody_knows_whose_beats_these_are(rng: np.random.Generator) -> None:
    one = planted(rng, patients=1)
    assert record_question(one, 100) is None
    few = planted(rng, n=2 * (FEWEST_PER_PATIENT - 1), patients=2)
    assert record_question(few, 100) is None
    nobody = planted(rng)
    nobody.patient[:] = ""
    assert record_question(nobody, 100) is None


def test_a_rare_class_is_left_out_of_the_class_probe(rng: np.random.Generator) -> None:
    beats = planted(rng)
    beats.y[:3] = 2
    question = class_question(beats, beats, ("N", "S", "V"), by_patient=True)
    assert question is not None
    assert question.names == ("N", "S")
    assert question.by_patient
    one = beats.take(beats.y == 0)
    assert class_question(one, one, ("N", "S", "V"), by_patient=True) is None


def test_a_probe_is_the_same_every_time_and_ignores_imbalance() -> None:
    rng = np.random.default_rng(1)
    y = (rng.random(600) < 0.05).astype(np.int64)
    x = rng.standard_normal((600, 3)) + 1.5 * y[:, None]
    said = linear_probe(x, y, x, 2)
    assert np.array_equal(said, linear_probe(x, y, x, 2))
    assert said[y == 1].mean() > 0.8


def test_every_layer_gives_the_same_number_of_features(network: LayeredModel, rng: np.random.Generator) -> None:
    view = view_of(rng.random((80, 1, SAMPLES)))
    projections = fit_projections(network, view, seed=0)
    features = project(network, projections, view)
    assert {name: f.shape[1] for name, f in features.items() if name not in ("fc3", "head")} == dict.fromkeys(
        ("input", "conv1", "conv2", "conv3", "conv4", "fc1", "fc2"), FEATURES
    )
    np.testing.assert_allclose(features["conv2"].std(axis=0), 1, atol=0.05)
    again = project(network, fit_projections(network, view, seed=0), view)
    assert all(np.array_equal(features[name], again[name]) for name in features)


def test_cka_is_one_with_itself_and_rotated_and_about_zero_with_noise(network: LayeredModel) -> None:
    generator = torch.Generator().manual_seed(0)
    a, noise = (torch.randn(120, 500, generator=generator) for _ in range(2))
    turn, _ = torch.linalg.qr(torch.randn(500, 500, generator=generator))
    assert linear_cka(gram(a), gram(a)) == pytest.approx(1)
    assert linear_cka(gram(a), gram(3 * a @ turn)) == pytest.approx(1, abs=1e-4)
    assert abs(linear_cka(gram(a), gram(noise))) < 0.1
    assert np.isnan(linear_cka(gram(a), gram(torch.ones(120, 4))))
    with pytest.raises(ValueError, match="four beats"):
        linear_cka(gram(a[:3]), gram(a[:3]))
    view = view_of(np.random.default_rng(0).random((40, 1, SAMPLES)))
    table = compare_layers(network, {"source": network}, view)
    diagonal = table[table["layer"] == table["other_layer"]]
    assert list(diagonal["layer"]) == list(network.names)
    np.testing.assert_allclose(diagonal["cka"], 1, atol=1e-6)


def test_samples_are_even_over_classes_and_patients(rng: np.random.Generator) -> None:
    beats = planted(rng, n=1000)
    beats.y[:] = 0
    beats.y[:30] = 1
    chosen = balanced_sample(beats, 200, rng)
    assert len(np.unique(chosen)) == len(chosen) == 200
    assert (beats.y[chosen] == 1).sum() == 30
    _, counts = np.unique(beats.patient[chosen][beats.y[chosen] == 0], return_counts=True)
    assert counts.max() - counts.min() <= 1


def test_telling_beats_are_typical_borderline_and_wrong() -> None:
    y = np.array([0, 0, 0, 1, 1, 0])
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.2, 0.8], [0.49, 0.51], [0.01, 0.99]])
    embedding = np.array([[0.0], [1.0], [10.0], [5.0], [5.0], [0.0]])
    chosen = telling_beats(y, p.astype(np.float32), embedding, ("N", "V", "F"))
    assert [(c.beat, c.kind) for c in chosen] == [
        (1, "a typical N"),
        (3, "a typical V"),
        (4, "a borderline beat"),
        (5, "a confident error"),
    ]
    assert chosen[0].file_name == "layers_typical_N"
    nothing_right = telling_beats(y[3:4], p[5:6][:, ::-1].astype(np.float32), embedding[:1], ("N", "V"))
    assert "no V is predicted correctly" in nothing_right[0].why


def test_rise_needs_rows() -> None:
    assert rise(pd.DataFrame(), "class") is None
