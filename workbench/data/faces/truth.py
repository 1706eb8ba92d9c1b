"""The truth behind a set of synthetic faces: who, how, how well, drawn before a pixel is."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from workbench.checks import unknown_name
from workbench.data.faces.draws import normals, uniforms
from workbench.data.faces.options import FaceOptions
from workbench.data.faces.traits import TRAITS
from workbench.randomness import mixed_seed

# What varies from image to image of one person: the middle, the standard deviation at spread 1, and the limits.
# Angles are radians, lengths halves of the image, colours shares of full brightness.
VARIATION: dict[str, tuple[float, float, float, float]] = {
    "yaw": (0, 0.30, -1.0, 1.0),
    "pitch": (0, 0.15, -0.5, 0.5),
    "roll": (0, 0.08, -0.4, 0.4),
    "scale": (1, 0.05, 0.8, 1.2),
    "shift_x": (0, 0.04, -0.15, 0.15),
    "shift_y": (0, 0.04, -0.15, 0.15),
    "light_azimuth": (0, 0.70, -1.5, 1.5),
    "light_elevation": (0.45, 0.35, -0.5, 1.3),
    "contrast": (0.5, 0.15, 0.1, 0.9),
    "exposure": (1, 0.12, 0.5, 1.4),
    "warmth": (0, 0.06, -0.25, 0.25),
    "smile": (0.15, 0.40, -0.7, 1.0),
    "mouth_open": (0, 0.35, 0, 1),
    "brow_raise": (0, 0.40, -1, 1),
    "eyes_open": (1, 0.15, 0.15, 1.3),
    "gaze_x": (0, 0.40, -1, 1),
    "gaze_y": (0, 0.25, -1, 1),
    "hair_change": (0, 0.35, -1, 1),
    "glasses_off": (0, 1, -3, 3),
    "backdrop_light": (0.55, 0.20, 0.05, 1),
    "backdrop_warmth": (0, 0.12, -0.4, 0.4),
    "backdrop_green": (0, 0.06, -0.2, 0.2),
    "backdrop_slope_x": (0, 0.12, -0.4, 0.4),
    "backdrop_slope_y": (0, 0.12, -0.4, 0.4),
    "clothes_light": (0.40, 0.20, 0.05, 1),
    "clothes_warmth": (0, 0.15, -0.5, 0.5),
    "clothes_green": (0, 0.08, -0.3, 0.3),
}
SENSOR_NOISE = 2.0  # grey levels of a good image

_VECTORS, _FAMILIES, _VARIATION, _QUALITY, _LABELS, _PEOPLE, _SENSOR = range(7)


@dataclass(frozen=True, eq=False)
class FaceTruth:
    """What is known of every person and every image; `render` makes the images from this alone.

    Attributes:
        options: what was asked for.
        identities: float64 [C, K], one standard normal vector for each person; `TRAITS` names its K places.
        families: int64 [C]; people of the same number are look-alikes. Without families everybody has an own one.
        spread: float64 [C], strength of the variation inside each person: the option times the person's factor.
        labels: int64 [N], who is really shown.
        given_labels: int64 [N], who is said to be shown; differs under label noise.
        held_out: bool [N], images of the people held out for testing.
        quality: float64 [N] in [0, 1]; 1 is good.
        nuisance: name -> float64 [N]. Pose `yaw` (positive: to the right of the image), `pitch` (down), `roll`, and
            `light_azimuth`, `light_elevation` in radians; `scale`; `shift_x`, `shift_y` in halves of the image;
            `contrast`, the share of the light that has a direction; `exposure`, `warmth`; expression (`smile`,
            `mouth_open`, `brow_raise`, `eyes_open`, `gaze_x`, `gaze_y`); `hair_change`; `glasses_off`, above 0.8
            those who wear glasses do not; colours of backdrop and clothes. From quality: `blur`, standard deviation
            as a share of the image's side; `coarse`, side of a coarse pixel, likewise; `noise`, standard deviation in
            grey levels; `dim`, the share of light left; and an occluder: `cover_size`, 0 for none, `cover_x`,
            `cover_y`, `cover_tilt`, `cover_tone`.
        sensor: int64 [N], where in the common field of noise an image finds its own.
    """

    options: FaceOptions
    identities: Float[Tensor, "people traits"]
    families: Int[Tensor, " people"]
    spread: Float[Tensor, " people"]
    labels: Int[Tensor, " images"]
    given_labels: Int[Tensor, " images"]
    held_out: Bool[Tensor, " images"]
    quality: Float[Tensor, " images"]
    nuisance: dict[str, Float[Tensor, " images"]]
    sensor: Int[Tensor, " images"]

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, indices: Int[Tensor, " chosen"] | Bool[Tensor, " images"]) -> "FaceTruth":
        """Return the truth of the images at these positions, or under this mask; people keep their numbers."""
        per_image = ("labels", "given_labels", "held_out", "quality", "sensor")
        chosen = {name: getattr(self, name)[indices] for name in per_image}
        return replace(self, **chosen, nuisance={name: value[indices] for name, value in self.nuisance.items()})

    def having(self, **nuisance: float | Float[Tensor, " images"]) -> "FaceTruth":
        """Return the same people with some of the nuisance given: `truth.having(yaw=0.5, blur=0)`.

        Raises:
            ValueError: If there is no nuisance of that name.
        """
        for name in nuisance:
            if name not in self.nuisance:
                raise ValueError(unknown_name("nuisance", name, self.nuisance))
        zeros = torch.zeros(len(self), dtype=torch.double)
        return replace(self, nuisance=self.nuisance | {name: zeros + value for name, value in nuisance.items()})


def truth(**options: Any) -> FaceTruth:
    """Return the truth behind `data.load("synthetic-faces", **options)`, image by image in the same order.

    Raises:
        ValueError: If an option is unknown or out of its range.
    """
    known = [field.name for field in fields(FaceOptions)]
    for option in options:
        if option not in known:
            raise ValueError(unknown_name("parameter of the data set 'synthetic-faces' named", option, known))
    return drawn(FaceOptions(**options))


def drawn(options: FaceOptions) -> FaceTruth:
    """Draw people and images. Each draw has an address, so neither counts nor other options move it."""
    people = np.arange(options.identities)
    counts = _counts(options, people)
    who = np.repeat(people, counts)
    index = np.arange(len(who)) - np.repeat(np.cumsum(counts) - counts, counts)
    spread = options.spread * torch.exp(options.spread_varies * normals(_key(options, _PEOPLE), people, count=1)[:, 0])
    labels, held_out = torch.from_numpy(who), torch.from_numpy(who >= options.trained_on)
    quality, poor = _quality(options, who, index)
    return FaceTruth(
        options=options,
        identities=_vectors(options, people),
        families=torch.from_numpy(people % options.families if options.families else people),
        spread=spread,
        labels=labels,
        given_labels=_given(options, who, index),
        held_out=held_out,
        quality=quality,
        nuisance=_variation(options, who, index, spread[labels]) | poor,
        sensor=(uniforms(_key(options, _SENSOR), who, index, count=1)[:, 0] * 2**16).long(),
    )


def _key(options: FaceOptions, stream: int) -> int:
    return mixed_seed(options.seed, "faces", stream)


def _vectors(options: FaceOptions, people: np.ndarray) -> Tensor:
    own = normals(_key(options, _VECTORS), people, count=len(TRAITS))
    if not options.families:
        return own
    family = normals(_key(options, _FAMILIES), people % options.families, count=len(TRAITS))
    shared = options.family_similarity
    return math.sqrt(shared) * family + math.sqrt(1 - shared) * own


def _counts(options: FaceOptions, people: np.ndarray) -> np.ndarray:
    """Return how many images each person has; those trained on keep their mean under a long tail, at least one each."""
    counts = np.full(options.identities, options.images)
    if options.long_tail:
        trained = people[: options.trained_on]
        rank = uniforms(_key(options, _PEOPLE), trained, count=2)[:, 1].argsort().numpy()
        shares = (1.0 + np.arange(len(trained))) ** -options.long_tail
        spare = (options.images - 1) * len(trained)
        by_rank = 1 + np.floor(shares / shares.sum() * spare).astype(int)
        by_rank[: options.images * len(trained) - by_rank.sum()] += 1
        counts[rank] = by_rank
    return counts


def _variation(options: FaceOptions, who: np.ndarray, index: np.ndarray, spread: Tensor) -> dict[str, Tensor]:
    z = normals(_key(options, _VARIATION), who, index, count=len(VARIATION)).unbind(1)
    return {
        name: (middle + deviation * spread * draw).clamp(low, high)
        for (name, (middle, deviation, low, high)), draw in zip(VARIATION.items(), z, strict=True)
    }


def _quality(options: FaceOptions, who: np.ndarray, index: np.ndarray) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the quality of each image and what makes it low; each cause has half to all of the common strength."""
    u = uniforms(_key(options, _QUALITY), who, index, count=12).unbind(1)
    low = 1 - torch.where(u[0] < options.low_quality, u[1], 1.0)
    blur, coarse, noise, dim = (low * (0.5 + 0.5 * draw) for draw in u[2:6])
    return 1 - low, {
        "blur": 0.035 * blur,
        "coarse": 0.07 * coarse,
        "noise": SENSOR_NOISE + 17 * noise,
        "dim": 1 - 0.55 * dim,
        "cover_size": torch.where(u[6] < 0.6 * low, (0.06 + 0.30 * low) * (0.75 + 0.5 * u[7]), 0.0),
        "cover_x": 1.2 * u[8] - 0.6,
        "cover_y": 1.2 * u[9] - 0.6,
        "cover_tilt": 3.0 * u[10] - 1.5,
        "cover_tone": u[11],
    }


def _given(options: FaceOptions, who: np.ndarray, index: np.ndarray) -> Tensor:
    """Return the labels that are told: some of the training images get one of the other people trained on."""
    u = uniforms(_key(options, _LABELS), who, index, count=2)
    labels = torch.from_numpy(who)
    step = 1 + (u[:, 1] * (options.trained_on - 1)).long()
    flipped = (u[:, 0] < options.label_noise) & (labels < options.trained_on)
    return torch.where(flipped, (labels + step) % options.trained_on, labels)
