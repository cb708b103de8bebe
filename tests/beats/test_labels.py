"""The AAMI map."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.labels import AAMI_CLASSES, AAMI_SYMBOLS, aami_labels


@pytest.mark.parametrize(("name", "symbols"), [("N", "NLRej"), ("S", "AaJS"), ("V", "VE"), ("F", "F"), ("Q", "/fQ")])
def test_each_class_holds_the_symbols_of_the_standard(name: str, symbols: str) -> None:
    assert [AAMI_CLASSES[label] for label in aami_labels(np.array(list(symbols)))] == [name] * len(symbols)


def test_fifteen_symbols_are_beats_and_no_symbol_has_two_classes() -> None:
    symbols = [s for group in AAMI_SYMBOLS.values() for s in group]
    assert len(symbols) == len(set(symbols)) == 15


def test_other_marks_are_no_beats() -> None:
    assert aami_labels(np.array(["+", "~", "|", '"', "!", "[", "]", "x", "?", "n"])).tolist() == [-1] * 10


def test_class_numbers_are_those_of_the_kaggle_files() -> None:
    assert AAMI_CLASSES == ("N", "S", "V", "F", "Q")
    assert tuple(AAMI_SYMBOLS) == AAMI_CLASSES


def test_no_symbols_give_no_labels() -> None:
    assert aami_labels(np.array([], dtype=np.str_)).shape == (0,)
