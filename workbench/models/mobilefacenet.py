"""MobileFaceNet, the network for phones.

Chen et al., CCBR 2018 (1804.07573). Names and shapes of all parameters are those of InsightFace's variant ("mbf"),
deepinsight/insightface recognition/arcface_torch/backbones/mobilefacenet.py at 1fe6356f6790: weights that were
published for it load with `models.load_weights`. Against the paper it is wider, with a linear layer and batch
normalisation in the place of the last 1 x 1 convolution.
"""

from functools import partial

from jaxtyping import Float
from torch import Tensor, nn

from workbench.checks import bad_parameter, whole
from workbench.models.backbone import Backbone, full_precision


class Layers(nn.Module):
    """Layers one after the other, under the name that the released code gives them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last layer gives."""
        y: Tensor = self.layers(x)
        return y


class Residual(Layers):
    """The same beside a shortcut: y = layers(x) + x."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both."""
        return super().forward(x) + x


class MobileFaceNet(Backbone):
    """Depthwise separable bottlenecks, and a depthwise convolution as large as the last map in the place of pooling.

    Unlike IResNet's, the weight of the last batch normalisation learns, and there is no dropout in the released code.
    Under autocast the layers from the dropout on stay in full precision. Convolutions and the linear layer begin as
    Kaiming's normal distribution, by fan out.

    Args:
        dim: D, width of the embeddings; 512 in the released code, 128 in the paper.
        shape: channels, height and width of the images. Published weights need (3, 112, 112), the default: the last
            depthwise convolution has ceil(height / 16) x ceil(width / 16) weights for each channel.
        blocks: number of blocks at each of the four sizes; (1, 4, 6, 2) for "mbf", (2, 8, 12, 4) for "mbf_large".
        scale: factor of the bodies' numbers of channels; 2 for "mbf", 4 for "mbf_large", 1 in the paper.
        dropout: share of the features set to 0 in training, in [0, 0.99].
    """

    def __init__(
        self,
        dim: int,
        *,
        shape: tuple[int, int, int] = (3, 112, 112),
        blocks: tuple[int, int, int, int] = (1, 4, 6, 2),
        scale: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(dropout=dropout)
        channels, height, width = shape
        dim, scale = whole("models.create", "dim", dim, least=1), whole("models.create", "scale", scale, least=1)
        if len(blocks) != 4 or min(blocks) < 1:
            raise ValueError(bad_parameter("models.create", "blocks", "four whole numbers of at least 1", blocks))
        narrow, wide = 64 * scale, 128 * scale
        first = _convolution(narrow, narrow, 3, groups=64) if blocks[0] == 1 else _bottlenecks(narrow, 128, blocks[0])
        self.layers = nn.ModuleList(
            [
                _convolution(channels, narrow, 3, stride=2),
                first,
                _bottleneck(narrow, narrow, hidden=128, stride=2),
                _bottlenecks(narrow, 128, blocks[1]),
                _bottleneck(narrow, wide, hidden=256, stride=2),
                _bottlenecks(wide, 256, blocks[2]),
                _bottleneck(wide, wide, hidden=512, stride=2),
                _bottlenecks(wide, 256, blocks[3]),
            ]
        )
        self.conv_sep = _convolution(wide, 512, 1)
        last = (-(-height // 16), -(-width // 16))
        pool = Layers(nn.Conv2d(512, 512, last, groups=512, bias=False), nn.BatchNorm2d(512))
        self.features = Layers(pool, nn.Flatten(), nn.Linear(512, dim, bias=False), nn.BatchNorm1d(dim))
        self._dim = dim
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def dim(self) -> int:
        """D, the width of the embeddings."""
        return self._dim

    def extract(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch width"]:
        """Return the features of the body: 512 of them."""
        x = images
        for layer in self.layers:
            x = layer(x)
        pool, flatten, _, _ = self.features.layers
        features: Tensor = flatten(pool(self.conv_sep(x)))
        return features

    def embed(self, features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of features that `extract` has made."""
        _, _, project, normalize = self.features.layers
        with full_precision(features.device):
            features = features.to(next(project.parameters()).dtype)
            embeddings: Tensor = normalize(project(self.dropout(features)))
        return embeddings


def _convolution(channels: int, out: int, size: int, *, stride: int = 1, groups: int = 1) -> Layers:
    convolution = nn.Conv2d(channels, out, size, stride=stride, padding=size // 2, groups=groups, bias=False)
    return Layers(convolution, nn.BatchNorm2d(out), nn.PReLU(out))


def _bottleneck(channels: int, out: int, *, hidden: int, stride: int = 1, kind: type[Layers] = Layers) -> Layers:
    return kind(
        _convolution(channels, hidden, 1),
        _convolution(hidden, hidden, 3, stride=stride, groups=hidden),
        Layers(nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out)),
    )


def _bottlenecks(channels: int, hidden: int, count: int) -> Layers:
    return Layers(*(_bottleneck(channels, channels, hidden=hidden, kind=Residual) for _ in range(count)))


mobilefacenet_large = partial(MobileFaceNet, blocks=(2, 8, 12, 4), scale=4)
