"""What one program on the GPU does: Triton's kernels of `fused`. Matrices lie [rows, columns], without gaps."""

import triton
import triton.language as tl


@triton.jit
def unit_rows(weight, out, normalize, rows, dim, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Write each row as a unit vector if `normalize`, and as it is otherwise."""
    row = tl.program_id(0) * HEIGHT + tl.arange(0, HEIGHT)[:, None].to(tl.int64)
    column = tl.arange(0, WIDTH)[None]
    inside = (row < rows) & (column < dim)
    values = tl.load(weight + row * dim + column, mask=inside, other=0.0).to(tl.float32)
    if normalize:
        values *= _inverse_norm(values)
    tl.store(out + row * dim + column, values, mask=inside)


@triton.jit
def tangent_rows(weight, out, gradient, rows, dim, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Take from a gradient by unit rows that by the rows: no part along them, divided by their length."""
    row = tl.program_id(0) * HEIGHT + tl.arange(0, HEIGHT)[:, None].to(tl.int64)
    column = tl.arange(0, WIDTH)[None]
    inside = (row < rows) & (column < dim)
    unit = tl.load(weight + row * dim + column, mask=inside, other=0.0).to(tl.float32)
    inverse = _inverse_norm(unit)
    unit *= inverse
    toward = tl.load(gradient + row * dim + column, mask=inside, other=0.0)
    toward -= tl.sum(toward * unit, 1)[:, None] * unit
    tl.store(out + row * dim + column, toward * inverse, mask=inside)


@triton.jit
def _inverse_norm(values):
    # Shorter is nothing, as in `own.inverse_norms`: there by lengths, (10 sqrt(tiny))^2 = 1.2e-36 here.
    squares = tl.sum(values * values, 1)[:, None]
    return tl.where(squares > 1.2e-36, 1 / tl.sqrt(squares), 0.0)


@triton.jit
def fold(
    rows,
    scaled,
    labels,
    peaks,
    totals,
    classes,
    samples,
    first,
    dim: tl.constexpr,
    C: tl.constexpr,
    N: tl.constexpr,
    D: tl.constexpr,
):
    """Write the maximum of a tile for each sample, and its sum of exponentials below that."""
    logits, tile, sample = _logits(rows, scaled, labels, classes, samples, first, dim, C, N, D)
    peak = tl.max(logits, 0)
    total = tl.sum(tl.exp(logits - tl.where(peak == -float("inf"), 0.0, peak)[None]), 0)
    tl.store(peaks + tile * samples + sample, peak, mask=sample < samples)
    tl.store(totals + tile * samples + sample, total, mask=sample < samples)


@triton.jit
def softmax(
    rows,
    scaled,
    labels,
    shift,
    out,
    classes,
    samples,
    first,
    dim: tl.constexpr,
    C: tl.constexpr,
    N: tl.constexpr,
    D: tl.constexpr,
):
    """Write the softmax of a tile, given the log-sum-exp over all classes."""
    logits, tile, sample = _logits(rows, scaled, labels, classes, samples, first, dim, C, N, D)
    weights = tl.exp(logits - tl.load(shift + sample, mask=sample < samples, other=0.0)[None])
    row = tile * C + tl.arange(0, C)[:, None].to(tl.int64)
    inside = (row < classes) & (sample < samples)[None]
    tl.store(out + row * samples + sample[None], weights.to(out.dtype.element_ty), mask=inside)


@triton.jit
def _logits(
    rows, scaled, labels, classes, samples, first, dim: tl.constexpr, C: tl.constexpr, N: tl.constexpr, D: tl.constexpr
):
    """One tile of scores, [classes, samples], minus infinity for own classes and for what is no class."""
    across = tl.cdiv(samples, N)
    tile = tl.program_id(0) // across
    row = tile * C + tl.arange(0, C)
    sample = tl.program_id(0) % across * N + tl.arange(0, N)
    # Beyond the edge of the matrices other rows are read: cheaper than to ask, and left out of every result.
    row_at = (row % classes).to(tl.int64)[:, None] * dim
    sample_at = (sample % samples)[None] * dim
    logits = tl.zeros((C, N), dtype=tl.float32)
    for start in range(0, dim, D):
        depth = start + tl.arange(0, D)
        a = tl.load(rows + row_at + depth[None], mask=(depth < dim)[None], other=0.0)
        b = tl.load(scaled + sample_at + depth[:, None], mask=(depth < dim)[:, None], other=0.0)
        logits = tl.dot(a, b, logits)
    label = tl.load(labels + sample, mask=sample < samples, other=-1)
    other = (row < classes)[:, None] & (first + row[:, None] != label[None])
    return tl.where(other, logits, -float("inf")), tile, sample
