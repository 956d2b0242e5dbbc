import pytest
import timm
import torch

from scenerep_ros.backbones.attention import LastAttention


def explicit_softmax(network, image):
    """The whole N x N matrix of the last block, from timm's own unfused attention."""
    seen = []
    last = [module for module in network.modules() if hasattr(module, "fused_attn")][-1]
    last.fused_attn = False
    handle = last.attn_drop.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    network.forward_features(image)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vit_tiny_patch16_224", {}),
        ("vit_tiny_patch16_224", {"qk_norm": True}),
        ("eva02_tiny_patch14_224", {}),
        ("vit_small_patch16_dinov3", {"depth": 2}),
        ("vit_small_patch16_rope_mixed_224", {"depth": 2}),
    ],
)
@torch.inference_mode()
def test_cls_attention_is_the_first_row_of_the_softmax(name, options):
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=0, dynamic_img_size=True, **options).eval()
    for parameter in network.parameters():
        parameter.mul_(1.5)  # untrained attention is flat
    cell = network.patch_embed.patch_size[0]
    image = torch.randn(1, 3, 5 * cell, 7 * cell)
    with LastAttention() as last:
        network.forward_features(image)
    row = last.cls_row()
    assert row.max() > 1.2 * row.mean()
    torch.testing.assert_close(row, explicit_softmax(network, image)[0, :, 0], rtol=1e-4, atol=1e-7)


def test_without_attention_there_is_no_row():
    with LastAttention() as last:
        torch.relu(torch.ones(1))
    with pytest.raises(RuntimeError, match="no scaled dot-product attention"):
        last.cls_row()
