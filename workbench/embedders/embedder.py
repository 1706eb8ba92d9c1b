"""An embedder: uint8 images in, embeddings out, whatever network lies behind."""

from collections.abc import Iterator, Sized
from typing import Any, Literal, Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.checks import bad_parameter, flag, one_of, whole
from workbench.embedders.pixels import Pixels


class Network(Protocol):
    """What an embedder asks of a network."""

    @property
    def shape(self) -> tuple[int | None, int | None, int | None]:
        """C, H and W of the images it wants; None where any will do."""

    @property
    def device(self) -> torch.device:
        """Where it wants them."""

    def __call__(self, inputs: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of scaled images, for any number of them."""


class Images(Sized, Protocol):
    """Anything that gives uint8 [n, C, H, W] for a slice: a tensor, an array, a memory map, a reader of files."""

    def __getitem__(self, index: slice, /) -> Any:
        """Return the images of a slice."""


class Embedder:
    """A network with all it takes to give it images.

    Args:
        network: the network.
        pixels: scaling and order of channels.
        size: height and width to stretch images to, where the network takes any; None leaves them as they are.
        facts: what it is, as plain JSON for a run card: source, SHA-256 of its file and the like.

    Attributes:
        shape: C, H and W that the network gets; None where it takes what it is given.
        facts: what it is, and how images are prepared for it.

    Raises:
        ValueError: If the network has another size than the one given, or the scaling does not fit its channels.
    """

    def __init__(
        self, network: Network, pixels: Pixels, *, size: tuple[int, int] | None = None, facts: dict[str, Any]
    ) -> None:
        channels, height, width = network.shape
        if size is not None and (height not in (None, size[0]) or width not in (None, size[1])):
            raise ValueError(
                f"The network takes images of {height or 'any'} x {width or 'any'} (height x width), not of "
                f"{size[0]} x {size[1]}. Leave 'size' out: images are stretched to what the network takes."
            )
        if channels == 1 and max(len(pixels.mean), len(pixels.std)) > 1:
            raise ValueError("The network takes grey images, so mean and std must be one number each.")
        self.network = network
        self.pixels = pixels
        self.shape = (channels, size[0], size[1]) if size is not None else network.shape
        scaling = {"mean": list(pixels.mean), "std": list(pixels.std), "channels": pixels.channels}
        self.facts = {**facts, "shape": list(self.shape), **scaling}

    @torch.no_grad()
    def embed(
        self, images: Images, *, flip: Literal["none", "sum"] = "none", batch_size: int = 64, progress: bool = False
    ) -> Float[np.ndarray, "images dim"]:
        """Return the embeddings of images as float32 [N, D], as the network gives them: not normalised.

        Args:
            images: uint8 [N, C, H, W], red first; a tensor, an array, or anything that gives such for a slice.
            flip: "sum" adds the embedding of the mirrored image, as many published results do; their length then
                tells nothing any more.
            batch_size: images at a time.
            progress: show a progress bar.

        Raises:
            ValueError: If there are no images, they are not uint8 [N, C, H, W] or do not fit the network, or an
                embedding is not finite.
        """
        one_of("Embedder.embed", "flip", flip, ("none", "sum"))
        whole("Embedder.embed", "batch_size", batch_size, least=1)
        parts = []
        for first, batch in self._batches(images, batch_size, flag("Embedder.embed", "progress", progress)):
            embeddings = self.network(batch)
            if flip == "sum":
                embeddings = embeddings + self.network(batch.flip(3))
            finite = embeddings.isfinite().all(1)
            if not finite.all():
                index = first + int((~finite).nonzero()[0])
                raise ValueError(
                    f"The embedding of image {index} is not finite. Look at the scaling ('mean', 'std') and at the "
                    f"weights of the network."
                )
            parts.append(embeddings.float().cpu())
        array: np.ndarray = torch.cat(parts).numpy()
        return array

    def _batches(self, images: Images, batch_size: int, progress: bool) -> Iterator[tuple[int, Tensor]]:
        from tqdm.auto import tqdm

        if len(images) == 0:
            raise ValueError("There are no images to embed.")
        channels, height, width = self.shape
        with tqdm(total=len(images), desc="embed", unit="image", disable=not progress, dynamic_ncols=True) as bar:
            for first in range(0, len(images), batch_size):
                batch = torch.as_tensor(images[first : first + batch_size])
                if batch.ndim != 4 or batch.dtype != torch.uint8:
                    given = f"{batch.dtype} {list(batch.shape)}"
                    raise ValueError(bad_parameter("Embedder.embed", "images", "uint8 [N, C, H, W]", given))
                size = (height or batch.shape[2], width or batch.shape[3])
                yield first, self.pixels.prepare(batch.to(self.network.device), channels=channels, size=size)
                bar.update(len(batch))
