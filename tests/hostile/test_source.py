"""What the code never does, found by reading it: run text as code, text in a shell, or text as markup."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# Why each of the few places that look dangerous is not; by file, then by what is called there.
ALLOWED = {
    ("workbench/teach/lesson.py", "exec"): "solutions of the course's own exercises, from this repository",
    ("workbench/teach/lesson.py", "compile"): "the same",
    ("workbench/models/weights.py", "torch.load"): "weights_only=True: PyTorch's reader that makes tensors alone",
    ("workbench/data/unpickling.py", "pickle._Unpickler"): "the restricted reader itself: every name is a stand-in",
    ("workbench/data/bins.py", "pickle.dump"): "writes, and reads nothing",
    ("workbench/reports/page.py", "Markup"): "our own files, and what `cells` has escaped or cleaned",
    ("workbench/explorers/explorer.py", "ipywidgets.HTML"): "a card, whose template escapes all that it is given",
    ("workbench/sweeps/cluster.py", "submitit.AutoExecutor"): "pickles that submitit writes and reads itself",
}
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "pty.spawn",
    "subprocess.getoutput", "subprocess.getstatusoutput", "pickle.load", "pickle.loads", "pickle.Unpickler",
    "pickle._Unpickler", "pickle.dump", "dill.load", "joblib.load", "cloudpickle.load", "marshal.loads", "shelve.open",
    "torch.load", "torch.jit.load", "torch.hub.load", "pandas.read_pickle", "yaml.load", "yaml.unsafe_load",
    "yaml.full_load", "shutil.unpack_archive", "tarfile.open", "extractall", "Markup", "HTML",
    "IPython.display.HTML", "display.HTML", "ipywidgets.HTML", "submitit.AutoExecutor", "webbrowser.open",
    "urllib.request.urlopen", "urlretrieve", "requests.get", "socket.socket", "telnetlib.Telnet",
}  # fmt: skip


def sources() -> Iterator[tuple[str, str]]:
    """Every file of code, and the code of every notebook."""
    for path in sorted([*ROOT.glob("workbench/**/*.py"), *ROOT.glob("notebooks/solutions/*.py")]):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        yield path.relative_to(ROOT).as_posix(), code


def dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
    return "(...)"


def dangers(code: str) -> list[str]:
    """Return what is dangerous in a text of code: names that are called or inherited from, and unsafe options."""
    found = []
    for node in ast.walk(ast.parse(code)):
        names = [dotted(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            names.append(name)
            options = {keyword.arg: keyword.value for keyword in node.keywords}
            if name in ("np.load", "numpy.load") and not _is(options.get("allow_pickle"), False):
                found.append("np.load without allow_pickle=False")
            if name.endswith("torch.load") and not _is(options.get("weights_only"), True):
                found.append("torch.load without weights_only=True")
            if "shell" in options:
                found.append("shell=")
            if name.startswith("subprocess.") and node.args and not _is_list(node.args[0]):
                found.append("a subprocess by a text")
            if name in ("Environment", "jinja2.Environment") and not _is(options.get("autoescape"), True):
                found.append("a template that does not escape")
        found += [
            name for name in names if name in FORBIDDEN or name.rpartition(".")[2] in ("extractall", "urlretrieve")
        ]
    return found


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List)


def test_nothing_dangerous_is_called_but_for_a_stated_reason() -> None:
    found = {(path, danger) for path, code in sources() for danger in dangers(code)}
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "a reason for what is no longer there"


@pytest.mark.parametrize(
    ("code", "danger"),
    [
        ("import pickle\npickle.load(file)", "pickle.load"),
        ("torch.load(path)", "torch.load without weights_only=True"),
        ("torch.load(path, weights_only=False)", "torch.load without weights_only=True"),
        ("np.load(path)", "np.load without allow_pickle=False"),
        ("np.load(path, allow_pickle=True)", "np.load without allow_pickle=False"),
        ("subprocess.run(f'ls {x}')", "a subprocess by a text"),
        ("subprocess.run(['ls'], shell=True)", "shell="),
        ("os.system(x)", "os.system"),
        ("eval(x)", "eval"),
        ("yaml.load(x)", "yaml.load"),
        ("display(HTML(f'<b>{x}</b>'))", "HTML"),
        ("Environment(loader=x)", "a template that does not escape"),
        ("class A(pickle.Unpickler): pass", "pickle.Unpickler"),
        ("archive.extractall(folder)", "archive.extractall"),
    ],
)
def test_what_is_dangerous_is_found(code: str, danger: str) -> None:
    assert danger in dangers(code)


def test_nothing_is_imported_under_another_name_to_be_called() -> None:
    hidden = re.compile(r"^\s*from (pickle|os|subprocess|marshal|builtins|shutil|yaml) import (?!path)", re.MULTILINE)
    found = [(path, match[0].strip()) for path, code in sources() for match in hidden.finditer(code)]
    assert found == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("workbench/**/*.js")), ids=lambda path: path.name)
def test_no_script_of_a_page_makes_markup_or_code_of_text(path: Path) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
    forbidden += r"|setTimeout\(['\"`]"
    forbidden += r"|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(|importScripts|window\.open"
    assert re.findall(forbidden, path.read_text(encoding="utf-8")) == []


def test_no_template_leaves_out_the_escaping() -> None:
    for path in ROOT.glob("workbench/**/*.j2"):
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", path.read_text(encoding="utf-8")), path
