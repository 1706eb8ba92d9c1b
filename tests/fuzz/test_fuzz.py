"""A short fuzzing of every reader, inputs that once broke one, and proof that the harness sees what breaks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz import planted
from tests.fuzz.__main__ import HEAD, row
from tests.fuzz.harness import Files, Target, fuzz, made
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
SHORT = 150


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damaged_files_are_refused_in_our_own_words_and_run_nothing(target: Target, tmp_path: Path) -> None:
    report = fuzz(target, seed=1, count=SHORT, keep=tmp_path)
    assert not report.failures, "\n\n".join(map(str, report.failures.values()))
    assert report.inputs == SHORT == report.accepted + sum(report.refused.values())
    assert report.accepted > 0, "its seeds are valid"
    assert report.sentences, "it refuses something"


def cases() -> list[tuple[str, str]]:
    return [(case.parent.name, case.name) for case in sorted(CORPUS.glob("*/*"))]


@pytest.mark.parametrize("target", sorted({name for name, _ in cases()}))
def test_what_once_broke_a_reader_does_not_break_it_again(target: str) -> None:
    found = next(one for one in TARGETS if one.name == target)
    seeds = [contents(CORPUS / target / case) for name, case in cases() if name == target]
    report = fuzz(replace(found, seeds=lambda: seeds), seed=0, count=len(seeds))
    assert not report.failures, "\n\n".join(map(str, report.failures.values()))
    assert report.inputs == len(seeds)


def contents(folder: Path) -> Files:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("read", "said"), planted.BROKEN.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_the_harness_sees_each_way_to_break(read: Callable[[Path], None], said: str) -> None:
    report = fuzz(planted.target(read), seed=0, count=2, seconds=0.3 if "0.3 s" in said else 60)
    assert (report.inputs, report.failed) == (2, 2)
    assert said in str(next(iter(report.failures.values())))


def _refusing(path: Path) -> None:
    path.write_bytes(b"bad")
    planted.GOOD.read(path)


@pytest.mark.parametrize(
    ("apart", "ended", "said"),
    [
        (_refusing, 2, ""),
        (lambda path: path.read_bytes(), 0, "it ends the process that reads it, and is read"),
        (lambda path: {}[path], 0, "KeyError is no error of ours"),
    ],
)
def test_what_ends_a_process_is_read_apart(apart: Callable[[Path], object], ended: int, said: str) -> None:
    dying = planted.target(next(read for read in planted.BROKEN if read.__name__ == "_dying"))
    report = fuzz(replace(dying, apart=apart), seed=0, count=2)
    assert (report.inputs, report.ended, report.failed) == (2, ended, 2 - ended)
    assert report.refused.total() == ended
    assert said in "".join(map(str, report.failures.values()))


def test_a_reader_that_refuses_well_passes_and_is_counted() -> None:
    report = fuzz(planted.GOOD, seed=0, count=200)
    assert (report.inputs, report.failed, len(report.sentences)) == (200, 0, 1)
    assert report.accepted >= 1
    assert report.refused == {"ValueError": 200 - report.accepted}
    assert len(row(report)) == len(HEAD)


def test_an_input_is_a_function_of_target_seed_and_number(tmp_path: Path) -> None:
    target = next(one for one in TARGETS if one.name == "npz")
    seeds = target.seeds()
    numbers = range(len(seeds), len(seeds) + 40)
    first = [made(target, seeds, 3, number) for number in numbers]
    assert first == [made(target, seeds, 3, number) for number in numbers]
    assert first != [made(target, seeds, 4, number) for number in numbers]
    assert len({str(one) for one in first}) > 30


def test_failing_inputs_are_kept_by_their_number(tmp_path: Path) -> None:
    target = planted.target(next(read for read in planted.BROKEN if read.__name__ == "_by_python"))
    report = fuzz(target, seed=5, count=3, first=7, keep=tmp_path)
    assert report.failed == 3
    assert (tmp_path / "by_python-5-7" / "input.txt").read_bytes() == made(target, target.seeds(), 5, 7)["input.txt"]
