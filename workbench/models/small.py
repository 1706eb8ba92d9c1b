"""Small backbones for lessons and CPUs: two hidden layers, and a few convolutions."""

from jaxtyping import Float
from torch import Tensor, nn

from workbench.checks import whole
from workbench.models.backbone import Backbone


class SmallBackbone(Backbone):
    """A feature extractor and the usual last layers: dropout, linear, batch normalisation.

    Batch normalisation comes last with its weight fixed at 1, as in the published face networks, so that embeddings
    have a length of about sqrt(dim).

    Args:
        body: images float [N, C, H, W] -> features [N, F].
        width: F.
        dim: D, width of the embeddings.
        dropout: share of the features set to 0 in training, in [0, 0.99].
    """

    def __init__(self, body: nn.Module, width: int, dim: int, *, dropout: float = 0.0) -> None:
        super().__init__(dropout=dropout)
        self.body = body
        self.project = nn.Linear(width, whole("models.create", "dim", dim, least=1), bias=False)
        self.normalize = nn.BatchNorm1d(dim)
        self.normalize.weight.requires_grad_(False)

    @property
    def dim(self) -> int:
        """D, the width of the embeddings."""
        return self.project.out_features

    def extract(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch width"]:
        """Return the features of the body."""
        features: Tensor = self.body(images)
        return features

    def embed(self, features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of features that the body has made."""
        embeddings: Tensor = self.normalize(self.project(self.dropout(features)))
        return embeddings


def mlp(dim: int, *, shape: tuple[int, int, int] = (1, 8, 8), width: int = 128, dropout: float = 0.0) -> SmallBackbone:
    """Two hidden layers of `width` units: the smallest thing that learns; for lessons."""
    channels, height, length = shape
    body = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(channels * height * length, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()),
        *(nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()),
    )
    return SmallBackbone(body, width, dim, dropout=dropout)


def convnet(
    dim: int, *, shape: tuple[int, int, int] = (1, 8, 8), width: int = 32, dropout: float = 0.0
) -> SmallBackbone:
    """A small convolutional network for CPUs: 3 x 3 convolutions that halve the image down to 4 pixels or fewer.

    The first stage has `width` channels, every later one twice as many as the one before, up to 4 `width`.
    """
    channels, height, length = shape
    layers: list[nn.Module] = [_stage(channels, width, stride=1)]
    out = width
    while max(height, length) > 4:
        height, length = (height + 1) // 2, (length + 1) // 2
        layers.append(_stage(out, min(2 * out, 4 * width), stride=2))
        out = min(2 * out, 4 * width)
    return SmallBackbone(nn.Sequential(*layers, nn.Flatten()), out * height * length, dim, dropout=dropout)


def _stage(channels: int, out: int, *, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU())
