import numpy as np
import pytest
import torch

from tests.geometry.sets import clusters
from workbench.geometry import angles, collapse, measure, pair_counts
from workbench.geometry.inputs import class_labels, unit_rows

X, Y = clusters(30, 4, 6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_float_is_taken_and_computed_in_float64(dtype):
    given = X.to(dtype)
    unit = unit_rows(given)
    assert unit.dtype == torch.float64
    expected = given.double() / given.double().norm(dim=1, keepdim=True)
    torch.testing.assert_close(unit, expected, rtol=0, atol=1e-15)


def test_arrays_and_tensors_give_the_same():
    from_tensor, from_array = measure(X, Y), measure(X.numpy(), Y.numpy().astype(np.int32))
    assert from_tensor.separation == from_array.separation
    assert np.array_equal(from_tensor.pairs.impostor.counts, from_array.pairs.impostor.counts)


def test_norms_that_no_square_can_hold():
    rows = torch.tensor([[3e200, 4e200], [3e-200, 4e-200], [5e-324, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[0.6, 0.8], [0.6, 0.8], [1.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(unit_rows(rows), expected)


def test_inputs_are_not_changed_and_carry_no_graph():
    given = X.clone().requires_grad_()
    assert not unit_rows(given).requires_grad
    measure(given, Y, torch.ones(4, 6, dtype=torch.float64) + torch.eye(4, 6))
    assert torch.equal(given, X)


def spoiled(row, value):
    bad = X.clone()
    bad[row] = value
    return bad


@pytest.mark.parametrize("function", [angles, pair_counts, collapse, measure])
@pytest.mark.parametrize(
    ("embeddings", "labels", "sentence"),
    [
        (X[0], Y, r"'embeddings' .* matrix \[N, D\] with at least one row\. Got \(6,\)"),
        (X[:0], Y[:0], r"at least one row\. Got \(0, 6\)"),
        (X.long(), Y, r"'embeddings' .* floating point\. Got 'torch.int64' instead\. Use \.float\(\)\."),
        (np.array([["a"]]), Y, r"'embeddings' .* an array of numbers\. Got '<U1'"),
        (spoiled(7, torch.nan), Y, r"^Row 7 of the embeddings holds NaN or infinity\."),
        (spoiled([3, 9, 11], -torch.inf), Y, r"^Row 3 \(and 2 others\) of the embeddings holds NaN"),
        (spoiled([3, 9], 0.0), Y, r"^Row 3 \(and 1 other\) of the embeddings is all zeros\."),
        (X, Y[:-1], r"'labels' .* one for each of the 30 embeddings\. Got \(29,\)"),
        (X, Y[:, None], r"'labels' .* Got \(30, 1\)"),
        (X, Y.float(), r"'labels' .* whole numbers\. Got 'torch.float32'"),
        (X, Y > 1, r"'labels' .* whole numbers\. Got 'torch.bool'"),
        (X, torch.zeros(30, dtype=torch.int64), r"at least two|There is no impostor pair"),
    ],
)
def test_bad_input_is_one_clear_sentence(function, embeddings, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        function(embeddings, labels)


@pytest.mark.parametrize("function", [angles, collapse, measure])
@pytest.mark.parametrize(
    ("prototypes", "sentence"),
    [
        (torch.ones(4, 5), r"'prototypes' .* of the width of the embeddings, 6\. Got 5"),
        (torch.ones(3, 6), r"'labels' .* in \[0, 3\), a row of the prototypes each\. Got 3"),
        (torch.zeros(4, 6), r"Row 0 \(and 3 others\) of the prototypes is all zeros"),
    ],
)
def test_prototypes_must_fit(function, prototypes, sentence):
    with pytest.raises(ValueError, match=sentence):
        function(X, Y, prototypes)


def test_negative_labels_are_names_but_no_rows():
    assert measure(X, Y - 2).separation == measure(X, Y).separation
    with pytest.raises(ValueError, match=r"Got -2 instead"):
        angles(X, Y - 2, torch.ones(4, 6))


def test_no_genuine_pair():
    with pytest.raises(ValueError, match="There is no genuine pair: no label occurs twice"):
        pair_counts(X, torch.arange(30))


def test_a_class_mean_without_direction():
    embeddings = torch.tensor([[1.0, 0], [-1.0, 0], [0, 1.0], [0, 1.0]])
    with pytest.raises(ValueError, match="Row 0 of the class means is all zeros"):
        angles(embeddings, torch.tensor([0, 0, 1, 1]))


def test_labels_of_any_integer_type():
    assert class_labels(np.arange(3, dtype=np.uint8), 3).dtype == torch.int64
