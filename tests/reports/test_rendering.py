"""From notebook to file: whole, complete and private, or not there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.reports.notebooks import notebook, saved
from workbench import reports
from workbench.reports import execution

URL = re.compile(r"""(?:src|href|url\(|import)\s*[=(]?\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)


def render(path: Path, output: Path, **parameters: object) -> Path:
    return reports.render(path, parameters, output)


def test_a_notebook_becomes_one_page(tmp_path: Path) -> None:
    path = saved(tmp_path, notebook("# A lesson", "print('epochs', epochs)"))
    page = render(path, tmp_path / "out", epochs=7)
    html = page.read_text()
    assert page == tmp_path / "out/report.html"
    assert "<h1>A lesson</h1>" in html
    assert "<pre>epochs 7\n</pre>" in html
    assert not URL.search(html)
    assert sorted(file.name for file in page.parent.iterdir()) == ["report.html", "report.ipynb", "report.json"]
    executed = nbformat.read(page.parent / "report.ipynb", as_version=4)
    assert "widgets" not in executed.metadata


def test_the_policy_admits_our_scripts_alone(tmp_path: Path) -> None:
    html = render(saved(tmp_path, notebook("1 + 1")), tmp_path / "out").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    nonce = re.search(r"script-src 'nonce-([0-9a-f]{32})'", policy)[1]
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    scripts = re.findall(r"<script([^>]*)>", html)
    running = [attributes for attributes in scripts if 'type="application/' not in attributes]
    assert running
    assert all(f'nonce="{nonce}"' in attributes for attributes in running)


def test_parameters_are_data(tmp_path: Path) -> None:
    hostile = """'); import os; os.abort() #\n"</script>"""
    path = saved(tmp_path, notebook("print(name)", parameters="name: str = 'a'"))
    html = render(path, tmp_path / "out", name=hostile).read_text()
    assert "&#39;); import os; os.abort() #" in html or "&#x27;); import os; os.abort() #" in html


def test_a_failing_notebook_is_kept_and_no_page_made(tmp_path: Path) -> None:
    path = saved(tmp_path, notebook("print('before')", "raise RuntimeError('no such angle')", "print('after')"))
    with pytest.raises(reports.ReportError) as caught:
        render(path, tmp_path / "out")
    message = str(caught.value)
    failed = tmp_path / "out/report.failed.ipynb"
    assert "lesson.ipynb stopped in cell 3 with RuntimeError: no such angle" in message
    assert "raise RuntimeError" in message
    assert str(failed) in message
    assert "before" in str(nbformat.read(failed, as_version=4).cells)
    assert [file.name for file in failed.parent.iterdir()] == ["report.failed.ipynb"]


def test_a_failure_leaves_the_report_before_it_whole(tmp_path: Path) -> None:
    path = saved(tmp_path, notebook("assert epochs < 5"))
    page = render(path, tmp_path / "out")
    before = page.read_bytes()
    with pytest.raises(reports.ReportError):
        render(path, tmp_path / "out", epochs=9)
    assert page.read_bytes() == before
    render(path, tmp_path / "out")
    assert not (tmp_path / "out/report.failed.ipynb").exists()


def test_the_command_line_ends_with_1_and_says_where(tmp_path: Path) -> None:
    path = saved(tmp_path, notebook("1 / 0"))
    command = [sys.executable, "-m", "workbench", "report", str(path), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "stopped in cell 2 with ZeroDivisionError" in done.stderr
    assert not (tmp_path / "out/report.html").exists()


def test_wrong_parameters_run_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path, notebook(f"open({str(tmp_path / 'ran')!r}, 'w').close()"))
    with pytest.raises(ValueError, match="There is no parameter 'epoch'"):
        render(path, tmp_path / "out", epoch=1)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()


def test_unknown_notebooks_name_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"There is no notebook '90_run_reports'\. Did you mean '90_run_report' or"):
        reports.find_notebook("90_run_reports")


def test_the_index_lists_reports_newest_first_and_escapes(tmp_path: Path) -> None:
    for name, made in (("old", "2026-01-01T00:00:00"), ("new", "2026-02-01T00:00:00")):
        (tmp_path / name).mkdir()
        entry = {"title": f"{name} <b>", "lines": ["1 % <i>"], "thumbnail": "https://example.org/x.png", "made": made}
        (tmp_path / name / "report.json").write_text(json.dumps(entry))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/report.json").write_text("{")
    html = reports.write_index(tmp_path).read_text()
    assert html.index("new &lt;b&gt;") < html.index("old &lt;b&gt;")
    assert "2 reports, newest first" in html
    assert "2026-02-01, 00:00 UTC" in html
    assert "example.org" not in html
    assert "<i>" not in html


def test_reports_in_the_root_are_listed_in_its_index(tmp_path: Path) -> None:
    path = saved(tmp_path, notebook("1"))
    page = reports.render(path, root=tmp_path / "reports")
    other = reports.render(path, {"epochs": 4}, root=tmp_path / "reports")
    assert page.parent != other.parent
    index = (tmp_path / "reports/index.html").read_text()
    for report in (page, other):
        assert f'href="{report.parent.name}/report.html"' in index


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sockets that are files.")
def test_kernels_that_begin_at_once_have_sockets_of_their_own() -> None:
    one, other = execution._Kernel(), execution._Kernel()
    assert one.ip != other.ip
    folder = Path(one.ip).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for kernel in (one, other):
        kernel.cleanup_ipc_files()
    assert not folder.exists()
