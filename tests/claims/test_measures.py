"""The numbers of a run, against values that can be worked out by hand."""

import math

import numpy as np
import pytest

from workbench.claims import measures

PLANE = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 1.0]])  # two people at right angles
LABELS = np.array([0, 0, 1, 1])


def test_a_tail_begins_at_the_upper_end_of_its_bin() -> None:
    edges = np.linspace(-1, 1, 5)
    assert measures._quantile(np.array([990, 9, 1, 0]), edges) == 0.0, "999 of 1000 are below 0"
    assert measures._quantile(np.array([990, 8, 2, 0]), edges) == 0.5


def test_the_hardest_negative_is_the_nearest_image_of_somebody_else() -> None:
    angles = np.radians([0, 10, 40, 100])
    unit = np.stack([np.cos(angles), np.sin(angles)], 1)
    nearest = np.radians([40, 30, 30, 90])  # of each image to one of the other person
    assert measures._hardest(unit, LABELS) == pytest.approx(np.cos(nearest).mean())


def test_people_apart_are_found_by_k_means() -> None:
    told = measures._of_held_out(PLANE, LABELS)
    assert told["clusters"] == pytest.approx(100)
    assert told["hardest"] == pytest.approx(0)
    assert told["eer"] == 0
    assert "log_eer" not in told, "0 has no logarithm"
    mixed = measures._of_held_out(PLANE, np.array([0, 1, 0, 1]))
    assert mixed["clusters"] == pytest.approx(0, abs=1e-9)
    assert mixed["log_eer"] == pytest.approx(math.log(mixed["eer"]))


def test_angles_and_alignment_of_those_trained_on() -> None:
    centres = np.array([[1.0, 1.0], [0.0, 5.0]])
    told = measures._of_trained(PLANE, LABELS, centres)
    assert told["angle_mean"] == pytest.approx(22.5)  # 45, 45, 0, 0
    assert told["angle_spread"] == pytest.approx(22.5)
    assert told["class_spread"] == pytest.approx(22.5)
    assert told["far_angle"] == pytest.approx(45)
    assert told["wide_angle"] == pytest.approx(0, abs=1e-6), "images of a person coincide"
    assert told["aligned"] == pytest.approx((math.sqrt(0.5) + 1) / 2)
    assert told["pair_mean"] == pytest.approx(0)
    assert told["class_mean"] == pytest.approx((0 + 0 + math.sqrt(0.5) * 2) / 4)
    turned = measures._of_trained(PLANE, LABELS, centres @ np.array([[0.0, 1.0], [-1.0, 0.0]]))
    assert turned["aligned"] < told["aligned"]


def test_a_course_is_told_by_its_ends_in_logarithms() -> None:
    course = np.array([4.0, 4.0, 4.0, 9.0, 1.0, 1.0, 1.0])
    told = measures._of_contrast({"contrast": course, "margin": course})
    assert told["contrast_first"] == pytest.approx(math.log(4))
    assert told["contrast_last"] == pytest.approx(0)
    assert told["contrast_margin"] == pytest.approx(1)
    assert measures._of_contrast({"alignment": course}) == {}
    gone = measures._of_contrast({"contrast": np.zeros(7), "margin": course})
    assert math.isfinite(gone["contrast_last"])


def test_stored_numbers_have_five_digits() -> None:
    assert measures.rounded(0.123456789) == 0.12346
    assert measures.rounded(-98765.4) == -98765.0
