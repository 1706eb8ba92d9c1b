"""The tables of docs/scaling.md: `python -m workbench.scaling docs/scaling.md` puts them in anew."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from workbench.config import RunConfig
from workbench.scaling.checks import Check, measured, read
from workbench.scaling.job import Job
from workbench.scaling.machines import H100, ORIGINS, Link
from workbench.scaling.plan import Plan

FACE = (3, 112, 112)
_MARKED = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PUBLISHED: dict[str, Any] = {"model": "iresnet100", "dim": 512, "recipe": "published", "precision": "bfloat16"}
_PUBLISHED |= {"loss": "arcface", "head_products": "bfloat16"}
_COUNTS = (1, 8, 64, 256)
_CLASSES = (10**5, 10**6, 10**7, 10**8)


def written(text: str) -> str:
    """Return a page with all its tables anew: what stands between `<!-- table: NAME -->` and `<!-- end -->`.

    Raises:
        ValueError: If it marks a table that there is none of.
    """

    def anew(found: re.Match[str]) -> str:
        if found["name"] not in TABLES:
            raise ValueError(f"There is no table named {found['name']!r}. There are {', '.join(TABLES)}.")
        return f"{found[1]}{TABLES[found['name']]()}\n{found[3]}"

    return _MARKED.sub(anew, text)


@cache
def plan(classes: int, images: int, processes: int, **changes: Any) -> Plan:
    """Return the plan of IResNet-100 with arcface at 112 x 112 on H100s, other parameters of the run aside."""
    config = RunConfig(**{**_PUBLISHED, "batch_size": images, **changes})
    return Plan(Job.of(config, classes=classes, shape=FACE, processes=processes), H100)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _constants() -> str:
    """The constants of the H100, and beside each what this CPU has."""
    cpu = measured()
    units = {
        "float32": ("head products, float32", 1e12, "TFLOP/s"),
        "bfloat16": ("head products, bfloat16", 1e12, "TFLOP/s"),
        "scores": ("passes over scores", 1e9, "G scores/s"),
        "backbone": ("backbone, products", 1e12, "TFLOP/s"),
        "activations": ("backbone, the rest", 1e9, "GB/s of kept bytes"),
        "bandwidth": ("memory", 1e9, "GB/s"),
        "fresh": ("new memory", 1e9, "GB/s"),
        "pairs": ("pairs of a batch", 1e9, "G pairs/s"),
        "draws": ("random numbers", 1e9, "G/s"),
        "fixed": ("small operations", 1e-3, "ms"),
        "reading": ("reading images", 1e9, "GB/s"),
        "writing": ("writing checkpoints", 1e9, "GB/s"),
    }
    rows = []
    for name, (what, unit, shown) in units.items():
        mine, theirs = (_rate(getattr(machine, name) / unit, shown) for machine in (H100, cpu.whole))
        rows.append([what, mine, ORIGINS[name], theirs])
    rows.append(["within a machine", _link(H100.near), ORIGINS["near"], f"2 processes: {_link(cpu.links[2])}"])
    rows.append(["between machines", _link(H100.far), ORIGINS["far"], f"4 processes: {_link(cpu.links[4])}"])
    return _table(["constant", "H100", "where it comes from", "two CPU cores, measured"], rows)


def _scaling() -> str:
    rows = []
    for classes in _CLASSES:
        for processes in _COUNTS:
            whole, some = (plan(classes, 128 * processes, processes, sample_rate=rate) for rate in (1.0, 0.1))
            rows.append([_thousands(classes), str(processes), *_figures(whole), *_figures(some)])
    head = ["C", "K", "GB", "ms", "head, sending", "rate 0.1: GB", "ms", "head, sending"]
    return _table(head, rows)


def _figures(one: Plan) -> list[str]:
    gigabytes = f"{one.memory / 1e9:.0f}"
    if not one.fits:
        return [f"**{gigabytes}**", "does not fit", ""]
    return [gigabytes, f"{1000 * one.step:.0f}", f"{100 * one.share('head'):.0f} %, {100 * one.share('sending'):.0f} %"]


def _question() -> str:
    """Ten million identities, a batch of 4096, Partial FC 0.1: from 1 GPU to 256."""
    rows = []
    before = None
    for processes in (8, 16, 32, 64, 128, 256):
        one = plan(10**7, 4096, processes, sample_rate=0.1)
        seconds = one.seconds()
        largest = sorted(seconds, key=lambda name: -seconds[name])[:3]
        gained = "" if before is None else f"{one.images_per_second / before:.2f}"
        before = one.images_per_second
        bounds = ", ".join(f"{name.removeprefix('sending: ')} {1000 * seconds[name]:.0f}" for name in largest)
        rows.append(
            [str(processes), f"{one.memory / 1e9:.0f}", f"{1000 * one.step:.0f}", _thousands(before), gained, bounds]
        )
    return _table(["K", "GB", "ms a step", "images/s", "gained by twice as many", "the largest parts, ms"], rows)


def _parts() -> str:
    """Where the step of the question goes on 32 GPUs."""
    one = plan(10**7, 4096, 32, sample_rate=0.1)
    memory = [[name, _size(value)] for name, value in one.job.memory().items()]
    seconds = [[name, f"{1000 * value:.2f} ms"] for name, value in one.seconds().items()]
    longest = max(len(memory), len(seconds))
    memory += [["", ""]] * (longest - len(memory))
    seconds += [["", ""]] * (longest - len(seconds))
    return _table(["bytes of a process", "", "a step", ""], [a + b for a, b in zip(memory, seconds, strict=True)])


def _messages() -> str:
    rows = []
    for loss in ("arcface", "adaface", "unpg-arcface", "coreface", "jcsc", "curricularface", "softmax", "supcon"):
        one = plan(10**7, 4096, 32, loss=loss, **({} if loss == "supcon" else {"sample_rate": 0.1}))
        told = [message for message in one.job.messages() if message.what != "batch normalisation"]
        size = sum(message.size for message in told if message.what != "gradient of the backbone")
        rows.append([loss, str(len(told)), _size(size)])
    return _table(
        ["loss", "messages beside batch normalisation", "bytes of them, without the backbone's gradient"], rows
    )


def _pairs() -> str:
    rows = []
    for images in (512, 4096, 8192, 32768):
        one = plan(10**6, images, 64, loss="unpg-arcface")
        rows.append([_thousands(images), _size(one.job.pair_bytes()[0]), f"{1000 * one.seconds()['pairs']:.1f} ms"])
    return _table(["N", "bytes", "a step"], rows)


def _checkpoints() -> str:
    rows = []
    for classes in _CLASSES:
        for processes in (8, 64):
            one = plan(classes, 4096, processes)
            first, other = one.job.checkpoint()
            whole = first + (processes - 1) * other
            seconds = f"{one.checkpoint_seconds:.0f} s"
            rows.append([_thousands(classes), str(processes), _size(whole), _size(first), seconds])
    return _table(["C", "K", "all of it", "the first process's part", "at 1 GB/s for each machine"], rows)


def _checks() -> str:
    cpu = measured()
    rows = [
        [_name(check), *_values(check, check.predicted(cpu)), f"{check.predicted(cpu) / check.measured:.2f}"]
        for check in read()
    ]
    return _table(["what", "predicted", "measured", "ratio"], rows)


def _worst() -> str:
    cpu = measured()
    kinds = {
        "memory and files": ("memory", "checkpoint"),
        "heads and steps": ("head", "step"),
        "writing": ("checkpoint seconds",),
    }
    rows = []
    for what, members in kinds.items():
        ratios = [check.predicted(cpu) / check.measured for check in read() if check.kind in members]
        rows.append([what, str(len(ratios)), f"{min(ratios):.2f}", f"{max(ratios):.2f}"])
    return _table(["predicted / measured", "cases", "least", "most"], rows)


def _gpu() -> str:
    """The figures of docs/performance.md, and what the model says of them."""
    small: dict[str, Any] = {"model": "mlp", "precision": "float32"}
    config = RunConfig(**{**_PUBLISHED, **small, "batch_size": 1024})
    head = Plan(Job.of(config, classes=10**6, shape=(1, 8, 8)), H100)
    seconds = head.seconds()
    step = sum(seconds[name] for name in ("products", "class rows", "small operations"))
    memory = head.job.memory()
    working = memory["scores"] + memory["embeddings"]
    trained = RunConfig(**{**_PUBLISHED, "model": "iresnet50", "batch_size": 256, "head_products": "float32"})
    rate = Plan(Job.of(trained, classes=10**4, shape=FACE), H100).images_per_second
    rows = [
        ["head, N = 1024, C = 1 000 000, bfloat16", f"{1000 * step:.1f} ms", "17.4 ms", f"{step / 17.4e-3:.2f}"],
        [
            "its memory above weights and gradients",
            f"{working / 2**30:.2f} GiB",
            "0.88 GiB",
            f"{working / 2**30 / 0.88:.2f}",
        ],
        ["IResNet-50, N = 256", f"{_thousands(rate)} images/s", "3 870 images/s", "fitted"],
    ]
    return _table(["what", "predicted", "measured", "ratio"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "constants": _constants,
    "scaling": _scaling,
    "question": _question,
    "parts": _parts,
    "messages": _messages,
    "pairs": _pairs,
    "checkpoints": _checkpoints,
    "checks": _checks,
    "worst": _worst,
    "gpu": _gpu,
}
"""The tables by name."""


def _name(check: Check) -> str:
    return check.name.replace("_", "\\_")


def _values(check: Check, predicted: float) -> list[str]:
    if check.kind in ("memory", "checkpoint"):
        return [_size(predicted), _size(check.measured)]
    return [_duration(predicted), _duration(check.measured)]


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _size(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count / 1e3:.3g} kB"


def _rate(value: float, unit: str) -> str:
    return "unbounded" if value == float("inf") else f"{float(f'{value:.3g}'):g} {unit}"


def _link(link: Link) -> str:
    return f"{1e6 * link.latency:.3g} µs, {link.bandwidth / 1e9:.3g} GB/s"


def _thousands(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")
