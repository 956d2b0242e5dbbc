from __future__ import annotations

import argparse

import pytest
from scenerep_training.evaluation.framework.flags import positive_int


def test_positive_int_parses_integer():
    assert positive_int("12") == 12


@pytest.mark.parametrize("text", ["0", "-3"])
def test_positive_int_rejects_numbers_below_one(text):
    with pytest.raises(argparse.ArgumentTypeError, match="must be 1 or more"):
        positive_int(text)


def test_positive_int_rejects_text():
    with pytest.raises(ValueError, match="many"):
        positive_int("many")
