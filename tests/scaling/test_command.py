"""`workbench plan` as a user meets it."""

import sys

import pytest

from workbench import cli


def told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[object, str, str]:
    monkeypatch.setattr(sys, "argv", ["workbench", "plan", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return (ended.value.code or 0, *capsys.readouterr())


GIVEN = ("--classes", "100000000", "-p", "batch_size=24", "-p", "model=convnet", "-p", "head_products=bfloat16")


def test_numbers_of_processes_are_compared(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = told(capsys, monkeypatch, *GIVEN)
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[1:5]] == ["1", "2", "4", "8"], "those that divide the batch"
    assert lines[1].endswith("does not fit")
    assert lines[1].split()[1] == "615.2"
    assert lines[4].split()[1] == "77.5"


def test_one_number_is_told_in_detail(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = told(capsys, monkeypatch, *GIVEN, "--processes", "8")
    assert code == 0
    assert out.startswith("Bytes of a process: ")
    assert "  class weights                         25.600 GB\n" in out
    assert "  sending: log-sum-exp " in out
    assert "\nA checkpoint: 409.6 GB, written in 410 s\n" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--processes", "5"),
            "The 'batch_size' parameter must be a multiple of 5, the number of processes that share ",
        ),
        (
            ("--images", "112"),
            "The shape of the images must be given as CxHxW, for example 3x112x112. Got '112' instead.",
        ),
        (("-p", "loss=arcfase"), "There is no loss 'arcfase'"),
    ],
)
def test_what_is_wrong_is_told(
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, _, err = told(capsys, monkeypatch, *GIVEN, *arguments)
    assert code == 2
    assert sentence in err
