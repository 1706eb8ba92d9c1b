"""What every loss promises as a function: its symmetries, its precision and its cost."""

import pytest
import torch

from tests.losses.cases import LABELS, C, Case, D, N, build, gradients, samples
from tests.losses.oracle import LargestTensor, assert_close

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


class SymmetryContract:
    # Symmetries

    def test_rotating_embeddings_and_weights_together_changes_nothing(self, case: Case) -> None:
        head, embeddings, turn = build(case), samples(), torch.linalg.qr(torch.randn(D, D, dtype=torch.float64)).Q
        loss, by_embeddings, by_weight = gradients(head, embeddings)
        head.weight.data = head.weight.data @ turn
        turned = gradients(head, embeddings @ turn)
        assert_close(turned[0], loss)
        assert_close(turned[1], by_embeddings @ turn)
        assert_close(turned[2], by_weight @ turn)
        assert (abs(head(embeddings, LABELS) - loss) > 1e-3) != bool(case.pairs)

    def test_the_order_of_the_samples_does_not_matter(self, case: Case) -> None:
        head, embeddings, order = build(case), samples(), torch.randperm(N)
        loss, by_embeddings, by_weight = gradients(head, embeddings)
        shuffled = gradients(head, embeddings[order], LABELS[order])
        assert_close(shuffled[0], loss)
        assert_close(shuffled[1], by_embeddings[order])
        assert_close(shuffled[2], by_weight)

    def test_the_numbers_of_the_classes_do_not_matter(self, case: Case) -> None:
        head, embeddings, order = build(case), samples(), torch.randperm(C)
        loss, by_embeddings, by_weight = gradients(head, embeddings)
        head.weight.data = head.weight.data[order]
        renamed = gradients(head, embeddings, order.argsort()[LABELS])
        assert_close(renamed[0], loss)
        assert_close(renamed[1], by_embeddings)
        assert_close(renamed[2], by_weight[order])

    def test_the_length_of_embeddings_matters_only_where_it_should(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        loss, by_embeddings, _ = gradients(head, embeddings)
        along = (by_embeddings * embeddings).sum(1)
        for factor in (1e-3, 1e3):
            longer = head(embeddings * factor, LABELS)
            if case.embedding_length:
                assert abs(longer - loss) > 1e-3
            else:
                assert_close(longer, loss)
        assert (along.abs().max() > 1e-3) == case.embedding_length
        assert (along.abs().max() < 1e-10) == (not case.embedding_length)

    # As a function

    def test_is_a_function_of_its_state_and_the_batch(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        state = {name: value.detach().clone() for name, value in head.state_dict().items()}
        loss = head(embeddings, LABELS)
        other = case.create(D, C, **({"scale": 3.0} if "scale" in case.parameters else {})).double()
        assert torch.equal(torch.func.functional_call(other, state, (embeddings, LABELS)), loss)
        assert torch.equal(torch.func.functional_call(other, state, (embeddings, LABELS)), loss)

    @pytest.mark.parametrize("device", DEVICES)
    def test_computes_where_the_embeddings_are(self, case: Case, device: str) -> None:
        head, embeddings = build(case), samples()
        expected = gradients(head, embeddings)
        moved = build(case)
        moved.load_state_dict(head.state_dict())
        for mine, theirs in zip(
            gradients(moved.to(device), embeddings.to(device), LABELS.to(device)), expected, strict=True
        ):
            assert mine.device.type == device
            assert_close(mine.cpu(), theirs)

    # Precision and cost

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_is_no_worse_in_low_precision_than_its_input(self, case: Case, dtype: torch.dtype) -> None:
        """The error of a batch rounded to `dtype` is that of the rounding: computing adds next to nothing."""
        head, embeddings = build(case, dtype=torch.float32), samples(dtype=dtype)
        truth = build(case)
        truth.load_state_dict(head.state_dict())
        loss, slopes, _ = gradients(head, embeddings)
        expected, exact, _ = gradients(truth, embeddings.double())
        assert abs(loss - expected) <= 2e-5 * abs(expected)
        assert (slopes - exact).abs().max() <= max(torch.finfo(dtype).eps, 2e-5) * exact.abs().max()

    def test_autocast_changes_nothing(self, case: Case) -> None:
        head, embeddings = build(case, dtype=torch.float32), samples(dtype=torch.float32)
        expected = gradients(head, embeddings)
        with torch.autocast("cpu", torch.bfloat16):
            assert (embeddings @ embeddings.T).dtype == torch.bfloat16
            loss = head(embeddings.requires_grad_(), LABELS)
        ours = loss, *torch.autograd.grad(loss, embeddings)
        assert all(map(torch.equal, ours, expected[:2]))

    def test_the_whole_matrix_is_never_made(self, case: Case) -> None:
        head, embeddings = build(case, 3, 40_000, torch.float32), samples(64, 3, dtype=torch.float32)
        with LargestTensor() as largest:
            gradients(head, embeddings, torch.arange(64))
        assert 0 < largest.elements < 64 * 40_000 / 2
