"""Number of threads of torch's operations beside the network."""

import pytest
import torch

from scenerep_ros.ops.torch_threads import single_torch_thread


@pytest.fixture
def two_threads():
    count = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(count)


def test_torch_threads_are_one_inside_and_restored_after(two_threads):
    with single_torch_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_torch_threads_are_restored_after_an_error(two_threads):
    with pytest.raises(ValueError, match="stage"), single_torch_thread():
        raise ValueError("stage")
    assert torch.get_num_threads() == 2
