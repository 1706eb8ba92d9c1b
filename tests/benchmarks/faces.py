"""Drawing 1 000 synthetic faces of 48 x 48 pixels.

The rival is reading as many: Pillow decoding JPEGs made from these very images. Both have one thread; the rate below
is that on all threads of torch.
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

    def draw() -> None:
        faces.render(truth)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = medians({"draw": draw, "decode": decode}, repeats=7)
    finally:
        torch.set_num_threads(threads)
    together = medians({"draw": draw}, repeats=7)
    return [
        Row("faces: time / Pillow decoding their JPEGs", alone["draw"] / alone["decode"], "x", 6),
        Row(f"faces: drawn on {threads} threads", COUNT / together["draw"], "/s"),
    ]


def _jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()
