"""Drawing 1 000 synthetic faces of 48 x 48 pixels.

The rival is reading as many: Pillow decoding JPEGs made from these very images, one after the other, as a loader on
one thread does. Drawing takes all threads that torch has; the table says how many.
"""

import io

import numpy as np
import torch
from PIL import Image

from tests.benchmarks.harness import Row, medians
from workbench.data import faces

COUNT = 1000


def rows() -> list[Row]:
    truth = faces.truth(identities=COUNT // 20, images=20)
    files = [_jpeg(image.permute(1, 2, 0).numpy()) for image in faces.render(truth)]

    def decode() -> None:
        for file in files:
            np.asarray(Image.open(io.BytesIO(file)))

    seconds = medians({"draw": lambda: faces.render(truth), "decode": decode}, repeats=7)
    return [
        Row("faces: time / Pillow decoding their JPEGs", seconds["draw"] / seconds["decode"], "x", 6),
        Row(f"faces: drawn on {torch.get_num_threads()} threads", COUNT / seconds["draw"], "/s"),
    ]


def _jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()
