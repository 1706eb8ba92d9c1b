"""What is claimed, by whom, and that each of it can be measured."""

import re
from pathlib import Path

import pytest

from workbench import claims, losses
from workbench.claims.page import commands
from workbench.claims.settings import config
from workbench.losses import catalogue

SECTIONS = {"elasticface": "### 1.5", "unpg": "### 2.5", "coreface": "### 3.8", "jcsc": "Checkable qualitatively"}
LOSS = {"elasticface": "elasticface-arc", "unpg": "unpg-arcface", "coreface": "coreface", "jcsc": "jcsc"}
EVERY = pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.id)


def plain(text: str) -> str:
    return " ".join(text.split())


@EVERY
def test_every_claim_names_words_of_its_paper(claim: claims.Claim) -> None:
    assert claim.wording in claims.PAPERS[claim.paper].claims


@pytest.mark.parametrize("paper", claims.PAPERS)
def test_what_a_paper_claims_is_what_the_notes_say(shared: Path, paper: str) -> None:
    notes = plain((shared / "methods.md").read_text(encoding="utf-8"))
    section = plain(notes[notes.index(SECTIONS[paper]) :][:1500])
    for part in re.split(r"\([a-e]\) |; ", claims.PAPERS[paper].claims):
        words = part.strip(" .;").replace('"+": the', '"+" : the')
        assert words in section, words


@pytest.mark.parametrize("paper", claims.PAPERS)
def test_a_paper_is_cited_as_by_its_loss(paper: str) -> None:
    source = catalogue.entry(LOSS[paper]).source.replace(".", " ").replace(",", " ")
    number = re.search(r"\d{4}\.\d{5}", claims.PAPERS[paper].citation)[0]
    first = claims.PAPERS[paper].citation.split()[0].strip(",")
    assert number.replace(".", " ") in source
    assert first in source


@EVERY
def test_a_claim_is_complete(claim: claims.Claim) -> None:
    assert claim.paper in claims.PAPERS
    assert claim.id.startswith(claim.paper)
    assert claim.least > 0
    assert claim.limits.endswith(".")
    assert claim.statement.endswith((".", ")."))
    assert bool(claim.lines) != bool(claim.not_run), "a claim is measured, or it says why not"


def test_ids_are_unique() -> None:
    assert len({claim.id for claim in claims.CLAIMS}) == len(claims.CLAIMS)


@EVERY
def test_every_line_can_be_trained_and_measured(claim: claims.Claim, tmp_path: Path) -> None:
    for line in claim.lines:
        assert line.on in claims.SETTINGS
        assert {claims.NUMBERS[end.number].unit for end in line.ends} == {line.number.unit}
        for end in line.ends:
            run = config(claims.SETTINGS[end.setting], end.variant, 0, tmp_path)
            assert set(run.loss_options) <= set(losses.parameters(run.loss))


@pytest.mark.parametrize("variant", claims.VARIANTS)
def test_options_of_a_loss_stay_with_the_loss(variant: str, tmp_path: Path) -> None:
    """Loss and trainer both have a `momentum`: a variant without CoReFace's keeps that of SGD."""
    run = config(claims.SETTINGS["plain"], variant, 0, tmp_path)
    assert run.momentum == 0.9
    assert run.scale is None


def test_all_variants_of_a_comparison_have_one_budget(tmp_path: Path) -> None:
    for claim in claims.CLAIMS:
        for line in claim.lines:
            for setting in {end.setting for end in line.ends}:
                variants = [end.variant for end in line.ends if end.setting == setting]
                configs = [config(claims.SETTINGS[setting], variant, 3, tmp_path) for variant in variants]
                same = [one.model_dump(exclude={"loss", "loss_options"}) for one in configs]
                assert all(one == same[0] for one in same), (claim.id, line.what)


def test_a_seed_of_drawn_faces_draws_the_people_too(tmp_path: Path) -> None:
    one, other = (config(claims.SETTINGS["varied"], "arcface", seed, tmp_path) for seed in (1, 2))
    assert one.data_options["seed"] == one.seed == 1
    assert other.data_options["seed"] == other.seed == 2
    photographs = config(claims.SETTINGS["orl"], "arcface", 1, tmp_path)
    assert "seed" not in photographs.data_options
    assert photographs.data == str(tmp_path / "orl/orl_112x92.npz")


def test_each_line_has_the_command_that_repeats_it() -> None:
    for claim in claims.CLAIMS:
        wanted = {f"'{line.on}'" if " " in line.on else line.on for line in claim.lines}
        assert {re.search(r"--on ('.*?'|\S+)", line)[1] for line in commands(claim)} == wanted
        assert all(line.startswith(f"workbench claims run {claim.id} ") for line in commands(claim))


def test_claims_are_chosen_by_id_and_by_paper() -> None:
    assert claims.chosen([]) == claims.CLAIMS
    assert [claim.id for claim in claims.chosen(["coreface-level"])] == ["coreface-level"]
    assert {claim.paper for claim in claims.chosen(["jcsc"])} == {"jcsc"}
    with pytest.raises(
        ValueError, match=r"There is no claim or paper 'coreface-levle'\. Did you mean 'coreface-level'"
    ):
        claims.chosen(["coreface-levle"])
