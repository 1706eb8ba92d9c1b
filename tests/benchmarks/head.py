"""The head at the size of MS1MV2: N = 256, D = 512, C = 85 742, float32, forward and backward.

The rival is the usual materialised head: normalise, one matrix product, the margin on the own class,
`F.cross_entropy`. The floor is the four matrix products that both passes cannot do without, written as such a head
writes them. A second rival is pytorch-metric-learning's `ArcFaceLoss`. Every step makes its gradients anew, as training
does.

Trained weights are simulated: centres at random, samples at angles of so many degrees from their own, give or take 8.
"""

import itertools
from collections.abc import Callable

import torch
from torch.nn import functional as F

from tests.benchmarks.harness import Row, medians
from workbench import losses

N, D, C = 256, 512, 85_742
SCALE, MARGIN = 64.0, 0.5
OTHERS = ("unpg-arcface", "elasticface-arc", "elasticface-arc+", "adaface")
CURVE = (1_000, 10_000, 100_000, 1_000_000)
OWN_ANGLES = (25, 30, 35, 40)


class Bench:
    """A head of C classes, a batch, and its rivals."""

    def __init__(self, classes: int = C) -> None:
        torch.manual_seed(0)
        self.head = losses.create("arcface", D, classes, scale=SCALE, margin=MARGIN)
        assert isinstance(self.head, losses.Head)
        self.weight = self.head.weight
        self.embeddings = torch.randn(N, D, requires_grad=True)
        self.labels = torch.randint(classes, (N,))

    def place(self, degrees: float) -> None:
        """Move centres and embeddings to where training brings them."""
        with torch.no_grad():
            self.weight.copy_(F.normalize(torch.randn_like(self.weight)))
            angle = torch.deg2rad(torch.normal(degrees, 8.0, (N, 1)).clamp(5, 100))
            own, aside = self.weight[self.labels], torch.randn(N, D)
            aside = F.normalize(aside - (aside * own).sum(1, keepdim=True) * own)
            self.embeddings.copy_(angle.cos() * own + angle.sin() * aside)

    def streamed(self) -> float:
        loss = self.head(self.embeddings, self.labels)
        loss.backward()
        return float(loss)

    def rounded(self) -> float:
        self.head.products = "bfloat16"
        try:
            return self.streamed()
        finally:
            self.head.products = "float32"

    def other(self, name: str) -> Callable[[], None]:
        head = losses.create(name, D, len(self.weight))
        head.weight = self.weight
        return lambda: head(self.embeddings, self.labels).backward()

    def materialised(self) -> float:
        cosine = F.normalize(self.embeddings) @ F.normalize(self.weight).T
        own = cosine.gather(1, self.labels[:, None]).clamp(-1 + 1e-7, 1 - 1e-7)
        logits = SCALE * cosine.scatter(1, self.labels[:, None], torch.cos(own.acos() + MARGIN))
        loss = F.cross_entropy(logits, self.labels)
        loss.backward()
        return float(loss)

    def metric_learning(self) -> Callable[[], None]:
        from pytorch_metric_learning.losses import ArcFaceLoss

        # Its weight lies the other way round, [D, C]; its margin is in degrees.
        loss = ArcFaceLoss(len(self.weight), D, margin=28.6, scale=SCALE)

        def step() -> None:
            loss.W.grad = None
            loss(self.embeddings, self.labels).backward()

        return step

    def products(self) -> Callable[[], None]:
        gradient = torch.randn(N, len(self.weight))

        @torch.no_grad()
        def run() -> None:
            for _ in range(2):
                self.embeddings @ self.weight.T
            gradient @ self.weight
            gradient.T @ self.embeddings

        return run

    def forget(self) -> None:
        self.weight.grad = self.embeddings.grad = None


def extra_memory(bench: Bench, call: Callable[[], object]) -> float:
    """Return the most megabytes that tensors took at any moment of a call, above weights, gradients and inputs."""
    bench.forget()
    with torch.profiler.profile(profile_memory=True) as profile:
        call()
    gradients = bench.weight.numel() * 4 + bench.embeddings.numel() * 4
    changes = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return (max(itertools.accumulate(event.nbytes() for event in changes)) - gradients) / 2**20


def rows() -> list[Row]:
    return [*_rivals(), *_margins(), *_trained(), *_curve()]


def _rivals() -> list[Row]:
    bench = Bench()
    if abs(bench.streamed() - bench.materialised()) > 1e-3:
        raise AssertionError("the two heads disagree: a fast wrong answer is no answer")
    rivals = {"streamed": bench.streamed, "materialised": bench.materialised}
    rivals |= {"products": bench.products(), "pml": bench.metric_learning()}
    seconds = medians(rivals, repeats=5, before=bench.forget)
    ours = seconds["streamed"]
    memory = {"streamed": extra_memory(bench, bench.streamed), "materialised": extra_memory(bench, bench.materialised)}
    return [
        Row("head: time / materialised head", ours / seconds["materialised"], "x", 0.7, 0.5),
        Row("head: time / pytorch-metric-learning's ArcFaceLoss", ours / seconds["pml"], "x", 0.7, 0.55),
        Row("head: time / its four matrix products", ours / seconds["products"], "x", 1.2, 1.12),
        Row("head: memory above inputs and gradients", memory["streamed"], "MB", 64),
        Row("materialised head: the same", memory["materialised"], "MB"),
        Row("N x C float32 matrix, for comparison", N * C * 4 / 2**20, "MB"),
    ]


def _margins() -> list[Row]:
    """Nobody pays for a margin: other heads beside the materialised head of the plainest."""
    bench = Bench()
    others = {name: bench.other(name) for name in OTHERS}
    rivals = {**others, "materialised": bench.materialised, "products": bench.products()}
    seconds = medians(rivals, repeats=5, before=bench.forget)
    found = []
    for name in OTHERS:
        found += [
            Row(f"{name}: time / materialised arcface", seconds[name] / seconds["materialised"], "x", 0.7, 0.5),
            Row(f"{name}: time / four matrix products", seconds[name] / seconds["products"], "x", 1.25, 1.12),
            Row(f"{name}: memory above inputs and gradients", extra_memory(bench, others[name]), "MB", 64),
        ]
    return found


def _trained() -> list[Row]:
    bench = Bench()
    products = bench.products()
    found = []
    for degrees in OWN_ANGLES:
        bench.place(degrees)
        rivals = {"streamed": bench.streamed, "rounded": bench.rounded, "products": products}
        seconds = medians(rivals, repeats=5, before=bench.forget)
        what = f"trained, own angle {degrees} deg"
        found += [
            Row(f"{what}: time / four products", seconds["streamed"] / seconds["products"], "x", 1.2, 0.7),
            Row(f"{what}, bfloat16 products: the same", seconds["rounded"] / seconds["products"], "x", 1.2, 0.4),
            Row(f"{what}, bfloat16 products: error of the gradient", _rounding_error(bench), "x", 0.02),
        ]
    return found


def _rounding_error(bench: Bench) -> float:
    gradients = []
    for step in (bench.streamed, bench.rounded):
        bench.forget()
        step()
        gradients.append(bench.weight.grad.clone())
    return float((gradients[1] - gradients[0]).norm() / gradients[0].norm())


def _curve() -> list[Row]:
    found = []
    for classes in CURVE:
        bench = Bench(classes)
        rivals = {"streamed": bench.streamed, "products": bench.products()}
        if classes <= 100_000:
            rivals["materialised"] = bench.materialised
        seconds = medians(rivals, repeats=3, before=bench.forget)
        what = f"C = {classes:,}".replace(",", " ")
        found.append(Row(f"{what}: time / four products", seconds["streamed"] / seconds["products"], "x"))
        if "materialised" in rivals:
            ratio = seconds["streamed"] / seconds["materialised"]
            found.append(Row(f"{what}: time / materialised head", ratio, "x"))
        found.append(Row(f"{what}: time", 1000 * seconds["streamed"], "ms"))
        found.append(Row(f"{what}: memory above inputs and gradients", extra_memory(bench, bench.streamed), "MB"))
    return found
