"""The course as pages: contents, neighbours, the teacher's twin."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from workbench import teach
from workbench.cli import main
from workbench.teach.course import write_contents


def test_every_lesson_has_an_outline() -> None:
    outlines = {outline.number: outline for outline in teach.outlines()}
    assert list(outlines) == sorted(outlines)
    lesson = outlines["03"]
    assert (lesson.name, lesson.title, lesson.part) == ("03_margins", "What does a margin change?", "core")
    assert lesson.goals[0].startswith("write SphereFace, CosFace and ArcFace")
    assert not any(goal.endswith((";", ".")) for outline in outlines.values() for goal in outline.goals)


def test_a_page_knows_its_neighbours_and_the_contents_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["workbench", "course", "00", "--solutions", "-p", "smoke=true", "-o", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert f"The course is {tmp_path / 'index.html'}" in capsys.readouterr().out
    page = (tmp_path / "00_start_here/report.html").read_text()
    following = teach.outlines()[1]
    assert 'href="../index.html">Contents<' in page
    assert f'href="../{following.name}/report.html">{following.number} ' in page
    assert "<summary>A solution</summary>" in page
    contents = (tmp_path / "index.html").read_text()
    assert 'href="00_start_here/report.html"' in contents
    assert "workbench course 03" in contents, "what is not rendered says how"
    for href in re.findall(r'href="([^"#]+)"', contents):
        assert (tmp_path / href).exists()


def test_contents_are_written_whole(tmp_path: Path) -> None:
    path = write_contents(tmp_path / "course")
    assert path.read_text().endswith("</html>")
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]


def test_unknown_lessons_run_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no lesson '98'. Known: 00, "):
        teach.render_course(tmp_path, lessons=["00", "98"])
    assert not list(tmp_path.iterdir())


def test_the_teacher_s_page_lists_the_lessons_as_they_are() -> None:
    page = (ROOT / "docs/teaching.md").read_text(encoding="utf-8")
    parts = {"start": "start", "core": "core", "practice": "practitioners", "research": "researchers"}
    for one in teach.outlines():
        assert f"| {one.number} | {one.title} | {parts[one.part]} | {one.minutes} |" in page
    for link in re.findall(r"`(\d\d_\w+)/report\.html", page):
        assert link in {one.name for one in teach.outlines()}
