"""What processes tell each other, and what it does to gradients."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from tests.distributed.processes import together
from workbench.models.batchnorm import SharedBatchNorm, share_batch_norm
from workbench.sharding import ALONE, Processes, among, current, share

K, N, D = 3, 12, 6


def whole(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(7))


def told(processes: Processes) -> dict[str, Any]:
    """Everything that is tested here, in one go."""
    found: dict[str, Any] = {"error": refused(processes, ValueError("no")), "disk": refused(processes, OSError("full"))}
    x = whole(N, D)
    found["part"] = processes.part(x)
    found["gathered"] = processes.gathered(processes.part(x, 1).contiguous(), 1)
    found["every"] = processes.every(torch.tensor(float(processes.rank)))
    rows = torch.arange(10)[processes.share(10).start : processes.share(10).stop]
    found["collected"] = processes.collected(rows.repeat_interleave(2)[:, None], 10)
    found["all"] = [processes.all(True), processes.all(processes.rank != 1)]
    parts = [torch.full((2, 2), float(processes.rank)), torch.full((3,), 1.0)]
    parts[0] = parts[0].t()
    processes.add_up(parts)
    found["added"] = parts
    found["by gathered"] = slope(lambda part: (processes.gathered(part) * x).sum(), processes.part(x))
    weight = processes.rank + 1.0
    found["by shared"] = slope(lambda common: (processes.shared(common) * weight).sum(), x)
    found["by summed"] = slope(lambda part: (processes.summed(part) * x).sum(), x)
    found["value of shared"] = processes.shared(x)
    found["norm"] = normalised(processes)
    return found


def slope(value: Any, at: torch.Tensor) -> torch.Tensor:
    leaf = at.clone().requires_grad_()
    value(leaf).backward()
    assert leaf.grad is not None
    return leaf.grad


def refused(processes: Processes, error: Exception) -> str:
    try:
        with processes.agreed():
            if processes.rank == processes.size - 1:
                raise error
    except (ValueError, OSError) as problem:
        return f"{type(problem).__name__}: {problem}"
    return "none"


def normalised(processes: Processes) -> list[dict[str, torch.Tensor]]:
    """Three steps of a batch normalisation between two layers, for features with and without places."""
    found = []
    for shape, kind, dtype in [((N, D), nn.BatchNorm1d, torch.float64), ((N, D, 3, 2), nn.BatchNorm2d, torch.bfloat16)]:
        precise = torch.promote_types(dtype, torch.float32)
        model = nn.Sequential(kind(D, momentum=0.3), nn.Tanh()).to(precise)
        share_batch_norm(model, processes, torch.device("cpu"))
        norm = model[0]
        nn.init.uniform_(norm.weight, 1, 2, generator=torch.Generator().manual_seed(1))
        for step in range(3):
            x = (3 + (1 + step) * whole(*shape)).to(dtype)
            part = processes.part(x).clone().requires_grad_()
            out = model(part)
            model.zero_grad()
            (out.double() * processes.part(whole(*shape))).sum().backward()
            processes.add_up([norm.weight.grad, norm.bias.grad])
        model.eval()
        found.append(
            {
                "out": processes.gathered(out.detach()).double(),
                "gradient": processes.gathered(part.grad).double(),
                "by weight": norm.weight.grad,
                "by bias": norm.bias.grad,
                "evaluated": model(whole(*shape).to(precise)).detach(),
                **model.state_dict(),
            }
        )
    return found


@cache
def results() -> list[dict[str, Any]]:
    return together(K, told)


def test_shares_are_neighbours_and_differ_by_one_at_most() -> None:
    for total in (1, 5, 10, 11, 12):
        parts = [share(total, rank, 4) for rank in range(4)]
        assert [item for part in parts for item in part] == list(range(total))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_parts_and_wholes() -> None:
    x = whole(N, D)
    assert torch.equal(torch.cat([result["part"] for result in results()]), x)
    for rank, result in enumerate(results()):
        assert torch.equal(result["gathered"], x)
        assert result["every"].tolist() == [0, 1, 2]
        assert result["all"] == [True, False]
        assert [part.tolist() for part in result["added"]] == [[[3.0, 3.0]] * 2, [3.0] * 3]
        rows = range(10) if rank == 0 else share(10, rank, K)
        assert result["collected"].flatten().tolist() == [row for row in rows for _ in range(2)]


def test_gradients_go_back_as_the_three_ways_say() -> None:
    x = whole(N, D)
    assert torch.equal(torch.cat([result["by gathered"] for result in results()]), x)
    for result in results():
        assert torch.equal(result["value of shared"], x)
        assert torch.equal(result["by shared"], torch.full_like(x, 1 + 2 + 3))
        assert torch.equal(result["by summed"], x)


def test_an_error_of_one_is_an_error_of_all() -> None:
    assert [result["error"] for result in results()] == ["ValueError: no"] * K
    assert [result["disk"] for result in results()] == ["OSError: full"] * K


def test_batch_normalisation_is_that_of_the_whole_batch() -> None:
    expected = normalised(ALONE)
    for result in results():
        for ours, theirs, within in zip(result["norm"], expected, (1e-12, 3e-2), strict=True):
            assert ours.keys() == theirs.keys()
            for key in theirs:
                torch.testing.assert_close(ours[key], theirs[key], rtol=within, atol=within)


def test_one_process_keeps_the_batch_normalisation_of_torch() -> None:
    model = nn.Sequential(nn.BatchNorm1d(D))
    share_batch_norm(model, ALONE, torch.device("cpu"))
    assert type(model[0]) is nn.BatchNorm1d
    share_batch_norm(model, Processes(0, 2), torch.device("cpu"))
    assert type(model[0]) is SharedBatchNorm


def test_alone_everything_is_what_it_was() -> None:
    x = whole(N, D)
    for way in (ALONE.gathered, ALONE.shared, ALONE.summed):
        assert way(x) is x
    assert ALONE.collected(x, N) is x
    with pytest.raises(KeyError), ALONE.agreed():
        raise KeyError
    with among(Processes(1, 2)):
        assert current() == Processes(1, 2)
    assert current() is ALONE
