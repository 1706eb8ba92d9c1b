"""The numbers of two kinds of pairs that no threshold changes, as words: EER, d', gap."""

import math
from typing import Any

import numpy as np

UNKNOWN = "needs the cosines, not their counts alone"


def readout(run: Any, negatives: Any = None) -> dict[str, dict[str, Any]]:
    """Say the equal error rate, d' and UNPG's gap of one run, and its nearest wrong centre.

        gap = smallest genuine - largest impostor cosine

    Args:
        run: `workbench.geometry.PairCounts`, or counts alone, of which only the equal error rate is known.
        negatives: `workbench.geometry.ClassNegatives`, or counts alone, or None.

    Returns:
        Of "eer", "dPrime", "gap" and, with `negatives`, "centre": a value and lines that explain it.
    """
    from workbench.geometry import d_prime, equal_error_rate, gap  # here, because it brings torch

    said: dict[str, dict[str, Any]] = {}
    if not _total(run.genuine) or not _total(run.impostor):
        return {key: {"value": "–", "lines": ["no pairs"]} for key in ("eer", "dPrime", "gap")}
    if hasattr(run.genuine, "without") and hasattr(run.genuine, "lowest"):
        eer = equal_error_rate(run)
        said["eer"] = _eer(eer.value, eer.threshold, eer.interval)
        said["dPrime"] = {"value": _signed(d_prime(run), 2), "lines": []}
        ends = f"{_signed(run.genuine.lowest)} less {_signed(run.impostor.highest)}"
        said["gap"] = {"value": _signed(gap(run)), "lines": [ends]}
    else:
        said["eer"] = _eer_of_counts(_array(run.genuine), _array(run.impostor))
        said["dPrime"] = said["gap"] = {"value": "–", "lines": [UNKNOWN]}
    if negatives is not None:
        highest = getattr(negatives, "highest", None)
        lines = [UNKNOWN] if highest is None else [f"{math.degrees(math.acos(highest)):.1f}°"]
        said["centre"] = {"value": "–" if highest is None else _signed(highest), "lines": lines}
    return said


def _array(counts: Any) -> np.ndarray:
    return np.asarray(getattr(counts, "counts", counts))


def _total(counts: Any) -> int:
    return int(_array(counts).sum())


def _eer_of_counts(genuine: np.ndarray, impostor: np.ndarray) -> dict[str, Any]:
    from workbench.geometry.intervals import wilson
    from workbench.geometry.roc import crossing

    value, position = crossing(genuine, impostor)
    total = min(int(genuine.sum()), int(impostor.sum()))
    return _eer(value, -1 + 2 * position / len(genuine), wilson(value * total, total))


def _eer(value: float, threshold: float, interval: tuple[float, float]) -> dict[str, Any]:
    low, high = (100 * end for end in interval)
    lines = [f"{low:.3g} to {high:.3g} %", f"at threshold {_signed(threshold)}"]
    return {"value": f"{100 * value:.3g} %", "lines": lines}


def _signed(number: float, digits: int = 3) -> str:
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    return f"{number:.{digits}f}".replace("-", "−")
