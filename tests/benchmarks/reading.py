"""Reading 13 233 face crops of Labeled Faces in the Wild: a tree of JPEG files of 112 x 112 pixels.

The rival is Pillow alone with as many processes: it lists the files, decodes each to an array, and keeps none of them.
Reading keeps all of them, and an import writes them to disk and computes their digest besides. The rival's own time has
two modes, a third apart, of which each process has one from its beginning to its end: so the ratios have two as well.
"""

import shutil
import sys
import tarfile
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.harness import Row, medians
from workbench import data

FACES = Path(__file__).resolve().parents[3] / "shared" / "data" / "lfw" / "lfw_112x112.tar.gz"
IMAGES, PEOPLE, PROCESSES = 13_233, 5_749, 2


def decoded(path: str) -> tuple[int, ...]:
    return np.asarray(Image.open(path).convert("RGB")).shape


class Bench:
    def __init__(self, folder: Path) -> None:
        self.tree, self.dest = folder / "lfw_112x112", folder / "imported"
        self.kept: data.ImageSet | None = None
        with tarfile.open(FACES) as tar:
            tar.extractall(folder, filter="data")

    def pillow(self) -> None:
        paths = sorted(str(path) for path in self.tree.glob("*/*.jpg"))
        with get_context("fork").Pool(PROCESSES) as pool:
            shapes = pool.map(decoded, paths, chunksize=200)
        if shapes != [(112, 112, 3)] * IMAGES:
            raise AssertionError("the rival did not decode all images")

    def load(self) -> None:
        self._check(data.load(self.tree, processes=PROCESSES, progress=False))

    def import_set(self) -> None:
        self._check(data.import_set(self.tree, self.dest, processes=PROCESSES, progress=False))

    def remove(self) -> None:
        self.kept = None  # giving back half a gigabyte is no part of reading it
        shutil.rmtree(self.dest, ignore_errors=True)

    def _check(self, images: data.ImageSet) -> None:
        if (len(images), images.classes, images.shape) != (IMAGES, PEOPLE, (3, 112, 112)):
            raise AssertionError("not all images were read")
        self.kept = images


def rows() -> list[Row]:
    if not FACES.exists():
        print(f"Reading is not measured: the faces are not at {FACES}.", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        rivals = {"pillow": bench.pillow, "load": bench.load, "import": bench.import_set}
        seconds = medians(rivals, repeats=5, before=bench.remove)
    return [
        # Bounds are upper ones: 1 / 0.85 of the time is 0.85 of the rate.
        Row("load 13 233 faces: time / Pillow alone", seconds["load"] / seconds["pillow"], "x", 1.18),
        Row("import them: time / Pillow alone", seconds["import"] / seconds["pillow"], "x", 1.35, 1.18),
        Row("load: images per second", IMAGES / seconds["load"], "1/s"),
    ]
