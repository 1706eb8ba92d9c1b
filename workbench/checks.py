"""The sentences of errors: what was wrong, what was expected, what was given, what to do."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.util import find_spec
from numbers import Integral, Real
from typing import TypeGuard

_SHOWN = 200  # letters of what was given: enough to find it


def shown(given: object) -> str:
    """Return a value as Python writes it, cut to 200 letters.

    >>> shown("arcfase")
    "'arcfase'"
    """
    try:
        text = repr(given[:_SHOWN] if isinstance(given, (str, bytes)) else given)
    except ValueError:  # a whole number of thousands of digits
        return "a very large number"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def said(error: BaseException) -> str:
    """Return what an error says, on one line of at most 200 letters; its type if that is nothing that can be read.

    >>> said(ValueError("it is cut short")), said(EOFError())
    ('it is cut short', 'EOFError')
    """
    text = str(error).partition("\n")[0][:_SHOWN]
    return text if text.isprintable() and text else type(error).__name__


def unknown_name(kind: str, given: str, known: Iterable[str], *, hint: str = "") -> str:
    """Say that `given` is not one of the `known` names of this kind, and which ones are near it.

    >>> unknown_name("loss", "arcfase", ["arcface", "cosface", "softmax"])
    "There is no loss 'arcfase'. Did you mean 'arcface' or 'cosface'? Known: arcface, cosface, softmax."
    """
    names = sorted(known)
    near = get_close_matches(given[:_SHOWN], names, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    known_names = f" Known: {', '.join(names)}." if names else ""
    return f"There is no {kind} {shown(given)}.{guess}{known_names}{' ' + hint if hint else ''}"


def bad_parameter(owner: str, name: str, rule: str, given: object, *, hint: str = "") -> str:
    """Say which parameter of whom broke which rule, and with what value.

    >>> bad_parameter("ArcFace", "scale", "a number in (0, inf)", -1)
    "The 'scale' parameter of ArcFace must be a number in (0, inf). Got -1 instead."
    """
    return f"The {name!r} parameter of {owner} must be {rule}. Got {shown(given)} instead.{' ' + hint if hint else ''}"


def whole(owner: str, name: str, value: object, *, least: int, hint: str = "") -> int:
    """Return `value` if it is a whole number of at least `least`; raise a ValueError that says so otherwise."""
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise ValueError(bad_parameter(owner, name, f"a whole number of at least {least}", value, hint=hint))


def is_whole(text: str) -> bool:
    """Whether a text is a whole number below 10**18 in plain digits: `int` takes signs, underscores and other scripts.

    >>> is_whole("17"), is_whole("-1"), is_whole("1_7"), is_whole("²")
    (True, False, False, False)
    """
    return text.isascii() and text.isdigit() and len(text) < 19


def number(
    owner: str, name: str, value: object, *, low: float = -math.inf, high: float = math.inf, hint: str = ""
) -> float:
    """Return `value` if it is a finite number in [low, high]; raise a ValueError that says so otherwise."""
    if _is_number(value) and low <= value <= high:
        return float(value)
    left = "(-inf" if low == -math.inf else f"[{low:g}"
    right = "inf)" if high == math.inf else f"{high:g}]"
    raise ValueError(bad_parameter(owner, name, f"a number in {left}, {right}", value, hint=hint))


def positive(owner: str, name: str, value: object) -> float:
    """Return `value` if it is a finite number above 0; raise a ValueError that says so otherwise."""
    if _is_number(value) and value > 0:
        return float(value)
    raise ValueError(bad_parameter(owner, name, "a number in (0, inf)", value))


def flag(owner: str, name: str, value: object) -> bool:
    """Return `value` if it is True or False; raise a ValueError that says so otherwise: "no" would count as true."""
    if isinstance(value, bool):
        return value
    raise ValueError(bad_parameter(owner, name, "True or False", value))


def one_of(owner: str, name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise a ValueError unless `value` is one of the choices."""
    if value not in choices:
        raise ValueError(bad_parameter(owner, name, f"one of {', '.join(map(repr, choices))}", value))


def needs(*packages: str, extra: str, what: str) -> None:
    """Raise a ValueError with the line that installs an extra, unless all these packages of it are there.

    >>> needs("torch", extra="onnx", what="Export to ONNX")
    """
    for package in packages:
        if find_spec(package) is None:
            raise ValueError(
                f"{what} needs the package {package}, which is not installed. Install it with: pip install "
                f"'hypersphere-workbench[{extra}]'."
            )


def _is_number(value: object) -> TypeGuard[float]:
    # The abstract types take in NumPy's scalars, which sizes read from arrays often are.
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
