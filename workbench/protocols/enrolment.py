"""Who is enrolled: a gallery and probes from one labelled set."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from workbench.checks import bad_parameter, number, one_of
from workbench.geometry.inputs import Array, class_labels
from workbench.randomness import mixed_seed


class Enrolment(NamedTuple):
    """Indices of the images that are enrolled, and of those that are searched for, each ascending."""

    gallery: Int64[np.ndarray, " G"]
    probes: Int64[np.ndarray, " P"]


def gallery_and_probes(labels: Array, choose: str = "first", *, unknown: float = 0.0, seed: int = 0) -> Enrolment:
    """Enrol one image of each identity; all other images are probes.

    Args:
        labels: Identity of each image, whole numbers, [N].
        choose: "first", the first image of each identity in the order given, or "random", drawn from the seed.
        unknown: Share of the identities, drawn from the seed, that are not enrolled: all their images are probes
            without a mate, which open-set rates need. 0 by default.
        seed: Of both draws; each is a function of it and of the labels alone.

    Returns:
        Indices into `labels`. An identity of one image that is enrolled has no probe.

    Raises:
        ValueError: Labels that are not whole numbers, an unknown way to choose, or nobody enrolled.
    """
    one_of("gallery_and_probes", "choose", choose, ("first", "random"))
    unknown = number("gallery_and_probes", "unknown", unknown, low=0, high=1)
    own = class_labels(labels, len(labels)).cpu().numpy()
    order = np.arange(len(own))
    if choose == "random":
        np.random.default_rng(mixed_seed(seed, "split", 0)).shuffle(order)
    names, first = np.unique(own[order], return_index=True)
    out = np.random.default_rng(mixed_seed(seed, "split", 1)).permutation(len(names))[: round(unknown * len(names))]
    gallery = np.sort(order[np.delete(first, out)])
    if not len(gallery):
        rule = f"a share that leaves some of the {len(names)} identities enrolled"
        raise ValueError(bad_parameter("gallery_and_probes", "unknown", rule, unknown))
    return Enrolment(gallery, np.setdiff1d(np.arange(len(own)), gallery))
