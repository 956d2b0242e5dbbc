"""Traceback of a test process that dies, for example by an exception in a thread of C++."""

from __future__ import annotations

import faulthandler

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key as DESCRIPTOR


def keep_faulthandler(item: pytest.Item) -> None:
    """Enable the faulthandler again, whose signals each run of Lightning resets.

    A hook pytest_runtest_setup. Without it, the process would end without a word.
    """
    if DESCRIPTOR in item.config.stash:
        faulthandler.disable()  # it takes itself for enabled
        faulthandler.enable(file=item.config.stash[DESCRIPTOR])
