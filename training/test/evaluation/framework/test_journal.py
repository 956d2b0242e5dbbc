from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.framework.journal import Journal


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "rows.jsonl")
    for index in range(3):
        journal.append({"index": index})
    return journal


def test_read_of_missing_file_is_empty(tmp_path):
    journal = Journal(tmp_path / "missing.jsonl")
    journal.repair()
    assert journal.read() == []


def test_append_writes_undefined_numbers_as_null(journal):
    journal.append({"index": np.nan})
    assert journal.read()[-1] == {"index": None}


@pytest.mark.parametrize("cut", [1, 5])
def test_read_ignores_incomplete_last_line(journal, cut):
    journal.path.write_bytes(journal.path.read_bytes()[:-cut])
    assert journal.read() == [{"index": 0}, {"index": 1}]


def test_repair_lets_next_entry_start_on_new_line(journal):
    journal.path.write_bytes(journal.path.read_bytes()[:-4])
    journal.repair()
    journal.append({"index": 9})
    assert journal.read() == [{"index": 0}, {"index": 1}, {"index": 9}]
