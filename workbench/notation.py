"""Values as people write them: YAML, read safely, with the numbers of YAML 1.2."""

import json
import re
from typing import Any

import yaml

from workbench.checks import shown


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: here 1e-2 is one, which PyYAML takes for a text. A key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{shown(key.value)} is given twice", node.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        value: int = super().construct_yaml_int(node)
        if abs(value) >= 2**64:
            raise yaml.constructor.ConstructorError(None, None, "a whole number is beyond 64 bits", node.start_mark)
        return value

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        # For each word PyYAML looks at all lists that are open: thousands of them would take minutes.
        if self.flow_level == _DEEPEST:
            raise yaml.scanner.ScannerError(None, None, "it is nested too deeply", self.get_mark())
        super().fetch_flow_collection_start(token)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
# PyYAML reads some hundred thousand letters in a second. Specs have a thousand.
_LONGEST = 50_000
_MOST = 100_000
_DEEPEST = 50


def _grown(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a text stands for when its aliases are followed."""
    if id(node) in known:
        size = known[id(node)]
        if size is None:
            raise ValueError("it holds itself, by an alias")
        return size
    known[id(node)] = None
    below = node.value if isinstance(node, yaml.SequenceNode) else []
    if isinstance(node, yaml.MappingNode):
        below = [part for pair in node.value for part in pair]
    known[id(node)] = size = 1 + sum(_grown(part, known) for part in below)
    return size


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def parse(text: str) -> Any:
    """Return the value that a YAML text describes: 3, 0.5, true, arcface, [softmax, arcface], {margin: 0.3}.

    Nothing but plain values is ever made: no tag names a class or calls a function.

    Raises:
        ValueError: If it is no YAML: where, and what is wrong there; or if it is longer than 50 000 letters, or aliases
            make it hold itself, or more than 100 000 values.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"it has {len(text)} letters, and values of more than {_LONGEST} are not read")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        # A few lines of aliases of aliases stand for more values than there is memory for.
        if node is not None and _grown(node, {}) > max(_MOST, len(text)):
            raise ValueError(f"its aliases make more than {_MOST} values of it")
        return None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{where}{str(error.problem or error.context)[:200]}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError for the 32nd of a month
        raise ValueError(str(error).partition("\n")[0][:200]) from None
    except Exception:  # noqa: BLE001 - PyYAML raises whatever it meets in what a tag wrongly calls a number or a date
        raise ValueError("a tag calls something what it is not") from None


def written(value: Any) -> str:
    """Return the text that `parse` reads as this value, on one line: for NAME=VALUE on a command line.

    >>> written("arcface"), written("true"), written([1, "a"])
    ('arcface', '"true"', '[1, "a"]')
    """
    if isinstance(value, str) and _is_plain(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text)


# What YAML does not take as it is, and JSON does; and what turns the direction of writing round.
_UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def _is_plain(text: str) -> bool:
    try:
        return bool(parse(text) == text) and text.isprintable()
    except ValueError:
        return False
