"""What every loss promises to its callers: shapes, types, errors, what it leaves out, observes, stores and draws."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from tests.losses.cases import LABELS, RULES, C, Case, D, N, build, gradients, samples
from workbench import losses


class InterfaceContract:
    # Shapes and types

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
    def test_is_a_scalar_in_float32_or_wider(self, case: Case, dtype: torch.dtype) -> None:
        precise = torch.promote_types(dtype, torch.float32)
        head = build(case, dtype=precise)
        loss, by_embeddings, by_weight = gradients(head, samples(dtype=dtype))
        assert (loss.shape, loss.dtype) == ((), precise)
        assert (by_embeddings.dtype, by_weight.dtype) == (dtype, precise)
        assert loss > 0
        assert by_embeddings.shape == (N, D)
        assert by_weight.shape == (C, D)

    def test_says_what_it_is(self, case: Case) -> None:
        head = build(case)
        assert isinstance(head.weight, nn.Parameter) != bool(case.pairs)
        assert (head.dim, head.classes, head.weight.shape) == (D, C, (C, D))
        assert head.scale == pytest.approx(3.0 if "scale" in case.parameters else case.scale)
        assert (head.views, head.images_per_class) == (case.views, 4 if case.pairs else 1)
        assert head.margin_unit in ("rad", "cosine", "factor", "")

    def test_its_repr_creates_it_again(self, case: Case) -> None:
        head = build(case)
        again = eval(repr(head), vars(losses))
        assert type(again) is type(head)
        assert repr(again) == repr(head)
        given = {"dim": D, "classes": C, **case.parameters, **case.options}
        given |= {"scale": 3.0} if "scale" in given else {}
        given |= {"std": 0.0} if case.random else {}
        for name, value in given.items():
            assert f"{name}={value!r}" in repr(head)

    # Errors

    def test_rejects_values_out_of_range(self, case: Case) -> None:
        head = case.create(D, C)
        for name in case.parameters:
            rule, hint, wrong = RULES[case.margin_rule(head) if name == "margin" else name]
            for value in wrong:
                with pytest.raises(ValueError) as error:
                    case.create(D, C, **{name: value})
                sentence = f"The {name!r} parameter of {type(head).__name__} must be {rule}. Got {value!r} instead."
                assert str(error.value) == sentence + hint

    @pytest.mark.parametrize("size", [0, -3, 2.5, "7", None, True])
    def test_rejects_sizes_that_are_none(self, case: Case, size: Any) -> None:
        owner = type(case.create(D, C)).__name__
        with pytest.raises(ValueError) as error:
            case.create(size, C)
        sentence = f"The 'dim' parameter of {owner} must be a whole number of at least 1. Got {size!r} instead."
        assert str(error.value) == sentence
        for classes in (size, 1):
            with pytest.raises(ValueError) as error:
                case.create(D, classes)
            assert str(error.value) == (
                f"The 'classes' parameter of {owner} must be a whole number of at least 2. Got {classes!r} instead. "
                f"One class leaves nothing to tell apart."
            )

    def test_rejects_options_it_does_not_have(self, case: Case) -> None:
        with pytest.raises(ValueError) as error:
            case.create(D, C, zzz=2)
        known = ", ".join(sorted(case.parameters))
        assert str(error.value) == f"There is no parameter of the loss {case.name!r} named 'zzz'. Known: {known}."

    def test_rejects_what_it_cannot_compute_with_and_says_who_it_is(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        owner, sound = type(head).__name__, (embeddings, LABELS)
        wrong = {
            f"The embeddings given to {owner} must have the shape": (embeddings[:, 1:], LABELS),
            f"The labels given to {owner} must be 6 integers": (embeddings, LABELS[1:]),
            f"The labels given to {owner} must lie in": (embeddings, LABELS + 1),
            f"The embeddings given to {owner} must be finite": (embeddings.log(), LABELS),
            f"The embeddings given to {owner} must have a direction": (embeddings * 0, LABELS),
        }
        for sentence, batch in wrong.items():
            with pytest.raises(ValueError, match=f"^{sentence}"):
                head(*batch)
        assert head(*sound).isfinite()

    def test_margins_given_must_fit(self, case: Case) -> None:
        head = build(case)
        rule = "of the shape [12], one for each row" if head.margin_unit else "None: this loss has no margin"
        if case.pairs and head.margin:
            rule = "None: the margin of this loss lies between pairs"
        for size in (N,) if head.margin_unit else (N, 2 * N):
            with pytest.raises(ValueError) as error:
                head(samples(2, N, D), LABELS, margins=torch.zeros(size))
            assert str(error.value) == (
                f"The 'margins' parameter of {type(head).__name__} must be {rule}. Got [{size}] instead."
            )

    # Samples without a class, and small batches

    def test_label_minus_one_is_left_out(self, case: Case) -> None:
        head, embeddings = build(case), samples()
        labels = LABELS.clone()
        labels[[1, 4]] = -1
        kept = labels >= 0
        loss, by_embeddings, by_weight = gradients(head, embeddings, labels)
        expected = gradients(head, embeddings[kept], labels[kept])
        assert torch.equal(loss, expected[0])
        assert torch.equal(by_embeddings[kept], expected[1])
        assert by_embeddings[~kept].eq(0).all()
        assert torch.equal(by_weight, expected[2])

    @pytest.mark.parametrize("size", [0, N])
    def test_no_sample_with_a_class_costs_nothing(self, case: Case, size: int) -> None:
        head = build(case)
        loss, *slopes = gradients(head, samples()[:size], torch.full((size,), -1))
        assert loss == 0
        assert all(slope.eq(0).all() for slope in slopes)
        assert all(len(values) == 0 for values in head.observed.values())

    # State

    def test_state_goes_from_one_loss_to_another(self, case: Case) -> None:
        head, other, embeddings = build(case), build(case), samples()
        loss = head(embeddings, LABELS)
        assert torch.equal(other(embeddings, LABELS), loss) == bool(case.pairs)
        other.load_state_dict(head.state_dict())
        assert torch.equal(other(embeddings, LABELS), loss)
        assert torch.equal(copy.deepcopy(head)(embeddings, LABELS), loss)
        assert set(head.state_dict()) == {name for name, _ in head.named_parameters()} | set(case.state)

    def test_weights_are_drawn_from_a_narrow_normal_distribution(self, case: Case) -> None:
        head = case.create(100, 400)
        assert head.weight.std().item() == pytest.approx(0.01, rel=0.02)
        assert abs(head.weight.mean().item()) < 5 * 0.01 / 200
        first = head.weight.clone()
        head.reset_parameters(torch.Generator().manual_seed(31))
        second = head.weight.clone()
        head.reset_parameters(torch.Generator().manual_seed(31))
        assert torch.equal(head.weight, second)
        assert not torch.equal(first, second)

    # Chance

    def test_only_a_random_loss_draws_and_from_the_generator_it_is_given(self, case: Case) -> None:
        head, embeddings = build(case, **({"std": 0.2} if case.random else {})), samples()
        before = torch.get_rng_state()
        a, b, c = (head(embeddings, LABELS, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.equal(a, b)
        assert torch.equal(b, c) != case.random
        first = head(embeddings, LABELS)
        assert torch.equal(torch.get_rng_state(), before) != case.random
        assert torch.equal(head(embeddings, LABELS), first) != case.random
        torch.set_rng_state(before)
        assert torch.equal(head(embeddings, LABELS), first)
