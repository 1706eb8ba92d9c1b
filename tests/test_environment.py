"""What a run card says of the machine and the code."""

import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench import __version__, environment


def test_facts_name_versions_and_hardware() -> None:
    facts = environment.facts("cpu")
    assert facts["versions"]["python"] == platform.python_version()
    assert facts["versions"]["torch"] == torch.__version__
    assert facts["versions"]["numpy"] == np.__version__
    assert facts["versions"]["hypersphere-workbench"] == __version__
    assert facts["hardware"]["device"] == "cpu"
    assert facts["hardware"]["threads"] == torch.get_num_threads()


def test_a_package_that_is_missing_is_said_to_be() -> None:
    assert environment._version("no-such-package") == "not installed"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "workbench"
    package.mkdir()
    monkeypatch.setattr(environment, "__file__", str(package / "environment.py"))
    return tmp_path


def test_outside_a_checkout_there_is_no_commit(checkout: Path) -> None:
    assert environment._commit() is None


def test_the_commit_is_marked_where_files_were_changed(checkout: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        command = ["git", "-C", str(checkout), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "--quiet")
    assert environment._commit() is None, "nothing is committed yet"
    (checkout / "file").write_text("one")
    git("add", "file")
    git("commit", "--quiet", "-m", "First")
    head = git("rev-parse", "--short=12", "HEAD")
    assert environment._commit() == head
    (checkout / "file").write_text("two")
    assert environment._commit() == f"{head}+"


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert environment._commit() is None
