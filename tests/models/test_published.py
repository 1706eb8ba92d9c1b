"""IResNet and MobileFaceNet are those of the released code: names, shapes, and what they compute.

The numbers are those of deepinsight/insightface, recognition/arcface_torch/backbones: iresnet.py at 04a433f154de and
mobilefacenet.py at 1fe6356f6790, run once on the weights that `written` gives.
"""

import hashlib

import pytest
import torch
from torch import Tensor, nn

from workbench import models

# SHA-256 of "name [shape]" of each tensor of the state, in its order, one a line; and the number of parameters.
PUBLISHED = {
    "iresnet18": (187, 24_025_600, "6f45161f93bca4d0d9d6a72be399676f51e123eefabf04e5bcdaf96cd73537a0"),
    "iresnet34": (331, 34_139_328, "7d5d48a6863759c3a75b027ebe19b240ab483e9256ca3bf7c7e59cd95903346d"),
    "iresnet50": (475, 43_590_848, "35e912ddd82207a4226c8f5a638a1a1e8ce27ba852aeb7cddb540e926d34c709"),
    "iresnet100": (925, 65_156_160, "cff740723372bf735e9791c48705865de70c6d353b2a941c1c713107bc4a6e28"),
    "mobilefacenet": (333, 2_059_520, "d3d76f6e11a0ccda91ee49448a366bfe90874bb64eca99a76ae9744fb95f05f2"),
    "mobilefacenet-large": (606, 6_314_880, "4e913c9a3d0e785bd9de3343e817c8a4139ee187d235c4d745996a3d47ea8eed"),
}
# Embeddings of two images, their numbers 0, 1, 255 and 511.
COMPUTED = {
    "iresnet18": [
        [8.86645551, 6.87384531, 1.94435770, 3.06902625],
        [8.87118514, 6.87602736, 1.95001058, 3.08752225],
    ],
    "mobilefacenet": [
        [6.33885341, 7.91020223, -2.97777392, 9.35462984],
        [6.33584942, 7.90798609, -2.97593538, 9.35128844],
    ],
}


def written(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights, statistics and offsets that anyone can write down: sine waves of a size that keeps signals alive."""
    new = {}
    for index, (name, value) in enumerate(sorted((n, v) for n, v in state.items() if v.is_floating_point())):
        wave = torch.sin(torch.arange(value.numel(), dtype=torch.float64) * 0.7 + index).view(value.shape)
        if value.ndim > 1:
            wave = wave * (2 / value[0].numel()) ** 0.5
        elif name.endswith(("weight", "running_var")):
            wave = 1 + wave / 2
        new[name] = wave
    return new


@pytest.mark.parametrize("name", PUBLISHED)
def test_names_and_shapes_are_those_of_the_released_code(name: str) -> None:
    with torch.device("meta"):
        model = models.create(name, 512)
    tensors, parameters, digest = PUBLISHED[name]
    lines = [f"{key} {list(value.shape)}" for key, value in model.state_dict().items()]
    assert len(lines) == tensors
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == digest


@pytest.mark.parametrize("name", COMPUTED)
def test_embeddings_are_those_of_the_released_code(name: str) -> None:
    model = models.create(name, 512).double().eval()
    model.load_state_dict(written(model.state_dict()), strict=False)
    images = torch.sin(torch.arange(2 * 3 * 112 * 112, dtype=torch.float64) * 0.3).view(2, 3, 112, 112)
    with torch.no_grad():
        embeddings = model(images)
    expected = torch.tensor(COMPUTED[name], dtype=torch.float64)
    assert torch.allclose(embeddings[:, [0, 1, 255, 511]], expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize(("shape", "width"), [((3, 112, 112), 25088), ((1, 52, 52), 8192), ((3, 96, 112), 21504)])
def test_the_last_linear_layer_of_iresnet_fits_the_image(shape: tuple[int, int, int], width: int) -> None:
    with torch.device("meta"):
        assert models.create("iresnet18", 64, shape=shape).fc.in_features == width
        assert models.create("iresnet18", 64, shape=shape)(torch.empty(2, *shape)).shape == (2, 64)
        small = models.create("mobilefacenet", 64, shape=shape)
        assert small(torch.empty(2, *shape)).shape == (2, 64)
        assert small.features.layers[0].layers[0].weight[0].numel() * 512 == width


def test_iresnet_begins_as_the_released_code_does() -> None:
    model = models.create("iresnet18", 512, shape=(3, 32, 32))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.std().item() == pytest.approx(0.1, rel=0.1)
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            assert torch.equal(module.weight, torch.ones_like(module.weight))
            assert module.eps == 1e-5
    embeddings = model.train()(torch.rand(64, 3, 32, 32))
    assert embeddings.square().sum(1).mean().item() == pytest.approx(512, rel=0.01), "a length of about sqrt(dim)"


def test_mobilefacenet_begins_as_the_released_code_does() -> None:
    model = models.create("mobilefacenet", 512)
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.groups == 1:
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
    assert model.features.layers[2].weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02)


@pytest.mark.parametrize("name", COMPUTED)
def test_half_precision_ends_before_the_last_layers(name: str) -> None:
    model = models.create(name, 8, shape=(3, 16, 16)).train()
    with torch.autocast("cpu", torch.bfloat16):
        features = model.extract(torch.rand(4, 3, 16, 16))
        embeddings = model.embed(features)
    assert features.dtype == torch.bfloat16
    assert embeddings.dtype == torch.float32
    assert not torch.equal(embeddings, embeddings.bfloat16().float())
