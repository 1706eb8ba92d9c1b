"""IResNet, the residual network of ArcFace and of nearly all papers after it.

Deng et al., CVPR 2019 (1801.07698), after Duta et al. (2004.04989). Names and shapes of all parameters are those of the
released code, deepinsight/insightface recognition/arcface_torch/backbones/iresnet.py at 04a433f154de: weights that
were published for it load with `models.load_weights`.
"""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from workbench.checks import whole
from workbench.models.backbone import Backbone, full_precision

_WIDTHS = (64, 128, 256, 512)


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut: y = BN(conv(PReLU(BN(conv(BN(x)))))) + x.

    The second convolution has the stride. Where the size or the number of channels changes, the shortcut is a
    1 x 1 convolution with batch normalisation.
    """

    def __init__(self, channels: int, out: int, *, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.prelu = nn.PReLU(out)
        self.conv2 = nn.Conv2d(out, out, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample: nn.Module | None = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Tensor:
        """Return the sum of the residual and the shortcut."""
        residual: Tensor = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return residual + (x if self.downsample is None else self.downsample(x))


class IResNet(Backbone):
    """A convolution, four stages of blocks that each halve the image, then batch norm, dropout, linear, batch norm.

    The last batch normalisation has its weight fixed at 1, so that embeddings have a length of about sqrt(dim). Under
    autocast the layers from the dropout on stay in full precision, as in the released code. Convolutions begin as
    Normal(0, 0.1).

    Args:
        blocks: number of blocks in each of the four stages.
        dim: D, width of the embeddings; 512 in the papers.
        shape: channels, height and width of the images. Published weights need (3, 112, 112), the default: the width
            of the last linear layer is 512 ceil(height / 16) ceil(width / 16).
        dropout: share of the features set to 0 in training, in [0, 0.99]. 0 in the released code; ElasticFace trains
            iresnet50 with 0.4.
    """

    def __init__(
        self,
        blocks: tuple[int, int, int, int],
        dim: int,
        *,
        shape: tuple[int, int, int] = (3, 112, 112),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(dropout=dropout)
        channels, height, width = shape
        dim = whole("models.create", "dim", dim, least=1)
        self.conv1 = nn.Conv2d(channels, _WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(_WIDTHS[0])
        self.prelu = nn.PReLU(_WIDTHS[0])
        self.layer1 = _stage(_WIDTHS[0], _WIDTHS[0], blocks[0])
        self.layer2 = _stage(_WIDTHS[0], _WIDTHS[1], blocks[1])
        self.layer3 = _stage(_WIDTHS[1], _WIDTHS[2], blocks[2])
        self.layer4 = _stage(_WIDTHS[2], _WIDTHS[3], blocks[3])
        self.bn2 = nn.BatchNorm2d(_WIDTHS[3])
        self.fc = nn.Linear(_WIDTHS[3] * -(-height // 16) * -(-width // 16), dim)
        self.features = nn.BatchNorm1d(dim)
        self.features.weight.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.1)

    @property
    def dim(self) -> int:
        """D, the width of the embeddings."""
        return self.fc.out_features

    def extract(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch width"]:
        """Return the features of the body, flattened channel by channel."""
        x = self.prelu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return torch.flatten(self.bn2(x), 1)

    def embed(self, features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of features that `extract` has made."""
        with full_precision(features.device):
            embeddings: Tensor = self.features(self.fc(self.dropout(features.to(self.fc.weight.dtype))))
        return embeddings


def _stage(channels: int, out: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(Block(channels, out, stride=2), *(Block(out, out, stride=1) for _ in range(blocks - 1)))


iresnet18 = partial(IResNet, (2, 2, 2, 2))
iresnet34 = partial(IResNet, (3, 4, 6, 3))
iresnet50 = partial(IResNet, (3, 4, 14, 3))
iresnet100 = partial(IResNet, (3, 13, 30, 3))
