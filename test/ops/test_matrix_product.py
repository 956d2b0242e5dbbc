"""Product of two matrices."""

import torch

from scenerep_ros.ops.matrix_product import matrix_product


def test_matrix_product_equals_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(shape, generator=generator) for shape in ((7, 5), (9, 5)))
    torch.testing.assert_close(matrix_product(first, second.T), first @ second.T)
