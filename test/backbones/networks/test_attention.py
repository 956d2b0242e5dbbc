"""CLS attention of fused attention."""

import pytest
import timm
import torch

from scenerep_ros.backbones.networks.attention import AttentionRecorder


def unfused_attention(network, image):
    """Return the N x N attention of the last block, from timm's own unfused attention."""
    recorded = []
    last = [module for module in network.modules() if hasattr(module, "fused_attn")][-1]
    last.fused_attn = False
    handle = last.attn_drop.register_forward_hook(
        lambda module, args, out: recorded.append(args[0])
    )
    network.forward_features(image)
    handle.remove()
    return recorded[0]


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
def test_cls_attention_equals_the_first_row_of_unfused_attention(name, options):
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=0, dynamic_img_size=True, **options).eval()
    for parameter in network.parameters():
        parameter.mul_(1.5)  # attention of an untrained network is nearly uniform
    patch_size = network.patch_embed.patch_size[0]
    image = torch.randn(1, 3, 5 * patch_size, 7 * patch_size)
    with AttentionRecorder() as recorder:
        network.forward_features(image)
    row = recorder.cls_attention()
    assert row.max() > 1.2 * row.mean()
    torch.testing.assert_close(
        row, unfused_attention(network, image)[0, :, 0], rtol=1e-4, atol=1e-7
    )


def test_cls_attention_of_a_network_without_attention_fails():
    with AttentionRecorder() as recorder:
        torch.relu(torch.ones(1))
    with pytest.raises(RuntimeError, match="no scaled dot-product attention"):
        recorder.cls_attention()
