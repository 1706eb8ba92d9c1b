"""Many thumbnails as one image, so that a page carries one data URI."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

TILE = 32


@dataclass(frozen=True)
class Sprite:
    """Tiles in rows of `columns`; tile i is at column i % columns, row i // columns.

    Attributes:
        uri: `data:image/...;base64,...`
        columns: tiles in a row.
        rows: rows of tiles.
        width: of a tile in pixels.
        height: of a tile in pixels.
    """

    uri: str
    columns: int
    rows: int
    width: int
    height: int


def sprite(images: npt.NDArray[np.uint8]) -> Sprite:
    """Put images side by side: grey ones as PNG, colour ones as JPEG, which is a tenth of the size for faces.

    Grey images larger than `TILE` on a side are reduced to it; smaller ones stay, and the screen enlarges them.
    Colour tiles are always `TILE` wide and high, a multiple of JPEG's blocks, so that none bleeds into the next.

    Args:
        images: uint8 [P, H, W] or [P, H, W, 3], P > 0.
    """
    colour = images.ndim == 4
    height, width = (TILE, TILE) if colour else (min(images.shape[1], TILE), min(images.shape[2], TILE))
    columns = int(np.ceil(len(images) ** 0.5))
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB" if colour else "L", (columns * width, rows * height))
    for i, image in enumerate(images):
        tile = Image.fromarray(image)
        if tile.size != (width, height):
            tile = tile.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(tile, (i % columns * width, i // columns * height))
    file = io.BytesIO()
    if colour:
        sheet.save(file, "JPEG", quality=85)
    else:
        sheet.save(file, "PNG", optimize=True)
    kind = "jpeg" if colour else "png"
    uri = f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    return Sprite(uri, columns, rows, width, height)
