"""Learning rates as a function of the step alone."""

import math

from workbench.config import RunConfig


def learning_rate(config: RunConfig, step: int, steps: int) -> float:
    """Return the learning rate of `step`, counted from 0, in a run of `steps`.

    Through the warm-up it rises in a straight line to `lr`. Then, with t = step / steps:

        step      lr / 10^k, k the number of milestones <= t
        cosine    lr (1 + cos(pi u)) / 2, u the share of the steps after the warm-up that is done
        constant  lr
    """
    warmup = round(config.warmup * steps)
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    if config.schedule == "step":
        passed = sum(step >= round(milestone * steps) for milestone in config.milestones)
        return float(config.lr * 0.1**passed)
    if config.schedule == "cosine":
        return config.lr * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))) / 2
    return config.lr
