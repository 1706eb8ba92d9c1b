"""Real faces, unpacked once: a few hundred of LFW, and the ORL faces."""

from pathlib import Path

import pytest

from tests.data.pictures import unpacked


@pytest.fixture(scope="session")
def lfw(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The people of LFW whose names begin with Al: 287 images of 132, in the tree as it is published."""
    archive = shared / "data" / "lfw" / "lfw_112x112.tar.gz"
    folder = tmp_path_factory.mktemp("lfw")
    return unpacked(archive, folder, prefixes=("lfw_112x112/Al",)) / "lfw_112x112"


@pytest.fixture(scope="session")
def orl(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = shared / "data" / "orl" / "att_faces.tar.gz"
    return unpacked(archive, tmp_path_factory.mktemp("orl"), prefixes=("att_faces/s",)) / "att_faces"
