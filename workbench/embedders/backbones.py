"""The workbench's own backbones as networks of an embedder."""

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.models import Backbone


class BackboneNetwork:
    """A backbone in evaluation mode and full precision.

    Args:
        model: the backbone; it is moved to the device.
        shape: C, H and W of the images it was created for.
        device: where it runs.
    """

    def __init__(self, model: Backbone, shape: tuple[int, int, int], device: torch.device) -> None:
        self._model = model.to(device).eval()
        self.shape = shape
        self.device = device

    def __call__(self, inputs: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of scaled images."""
        embeddings: Tensor = self._model(inputs)
        return embeddings
