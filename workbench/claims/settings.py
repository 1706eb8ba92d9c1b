"""What the claims are measured on: image sets with a budget of training, and the variants of losses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.checks import unknown_name
from workbench.config import RunConfig, checked

SEEDS = tuple(range(10))
"""Of every experiment. Ten find a difference of about its own spread over seeds in four of five studies."""


@dataclass(frozen=True)
class Setting:
    """Images, and the training that all variants get on them.

    Attributes:
        name: what results call it.
        about: what it is, for a sentence.
        data: image set, or a file inside the folder of faces.
        data_options: its parameters.
        run: parameters of a run that differ from the defaults.
        redrawn: whether a seed also draws the people and their images anew. Else all seeds share the people that are
            held out, and nothing is learned of how others would fare.
    """

    name: str
    about: str
    data: str
    data_options: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    redrawn: bool = False

    @property
    def needs_faces(self) -> bool:
        """Whether its images are files that the workbench does not bring."""
        return self.data.endswith(".npz")


# An mlp of two layers: a run takes four seconds, so that there can be ten seeds of each of thirty.
_SMALL = {"model": "mlp", "dim": 64, "epochs": 20, "flip": True, "snapshots": 1, "device": "cpu"}


def _drawn(name: str, about: str, **options: float) -> Setting:
    return Setting(name, about, "synthetic-faces", {"size": 32, **options}, _SMALL, redrawn=True)


_EVERY = (
    _drawn("plain", "drawn faces, 150 people to train on and 50 others held out, 20 images each"),
    # Of exp(0.7 z) the mean is exp(0.245): with 0.78 of the spread the mean over people is that of `plain`.
    _drawn(
        "varied",
        "the same, but the spread within a person differs from person to person (its logarithm by 0.7), with the same "
        "mean",
        spread=0.78,
        spread_varies=0.7,
    ),
    _drawn(
        "look-alikes",
        "the same as plain, but everybody has six or seven look-alikes (30 families, correlation 0.9), so that class "
        "centres are near each other",
        families=30,
        family_similarity=0.9,
    ),
    _drawn(
        "few people",
        "drawn faces, 30 people to train on and 30 others held out, 100 images each: a batch of 128 holds every person "
        "four times",
        identities=60,
        images=100,
        test_share=0.5,
    ),
    Setting(
        "orl",
        "ORL, photographs of 40 people, 10 each, 32 x 32 grey: 20 people to train on, 20 held out",
        "orl/orl_112x92.npz",
        {"size": 32, "grey": True},
        _SMALL | {"epochs": 40, "batch_size": 64, "held_out": "classes", "share": 0.5},
    ),
    Setting(
        "lfw",
        "158 people of LFW, 10 images each, 32 x 32 grey: 111 people to train on, 47 held out",
        "lfw_mini/lfw_mini_gray48.npz",
        {"size": 32},
        _SMALL | {"epochs": 40, "held_out": "classes"},
    ),
)
SETTINGS = {setting.name: setting for setting in _EVERY}

# Dropout before the last layer as in CoReFace's first phase; all of its variants have it, and its twin of weight 0.
_VIEWS = {"dropout": 0.4}
_ALIKE = {"dropout": 0.05, "views_dropout": 0.05}


def _variant(loss: str, run: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {"loss": loss, **(run or {}), "loss_options": options}


VARIANTS: dict[str, dict[str, Any]] = {
    "arcface": _variant("arcface"),
    "cosface": _variant("cosface"),
    "cosface, m 0.5": _variant("cosface", margin=0.5),
    "elastic-arc": _variant("elasticface-arc"),
    "elastic-arc, σ 0.0125": _variant("elasticface-arc", std=0.0125),
    "elastic-cos": _variant("elasticface-cos"),
    "elastic-arc+": _variant("elasticface-arc+"),
    "elastic-arc+, released": _variant("elasticface-arc+", assignment="released"),
    "elastic-cos+": _variant("elasticface-cos+"),
    "elastic-cos+, released": _variant("elasticface-cos+", assignment="released", std=0.02),
    "unpg-arc": _variant("unpg-arcface"),
    "unpg-arc, r 1": _variant("unpg-arcface", whisker=1.0),
    "unpg-arc, all pairs": _variant("unpg-arcface", whisker=1000.0),  # wider than all cosines
    "unpg-cos": _variant("unpg-cosface"),
    "unpg-cos, m 0.5": _variant("unpg-cosface", margin=0.5),
    "coreface": _variant("coreface", _VIEWS),
    "coreface, weight 0": _variant("coreface", _VIEWS, contrast_weight=0.0),
    "coreface, no margin": _variant("coreface", _VIEWS, momentum=0.0),
    "coreface, momentum 0.01": _variant("coreface", _VIEWS, momentum=0.01),
    "coreface, s 64": _variant("coreface", _VIEWS, scale=64.0),
    "coreface, s 64, no margin": _variant("coreface", _VIEWS, scale=64.0, momentum=0.0),
    "coreface, alike views": _variant("coreface", _ALIKE),
    "coreface, alike views, no margin": _variant("coreface", _ALIKE, momentum=0.0),
    "coreface, alike views, s 64, no margin": _variant("coreface", _ALIKE, scale=64.0, momentum=0.0),
    "coreface, no mask": _variant("coreface", _VIEWS, mask="none"),
    "coreface, mask removed": _variant("coreface", _VIEWS, mask="removed"),
    "coreface, 2n": _variant("coreface", _VIEWS, protocol="2n"),
    "jcsc": _variant("jcsc"),
    "jcsc, no alignment": _variant("jcsc", align_weight=0.0),
    "jcsc, fixed margin": _variant("jcsc", guidance=0.0),
}
"""What is trained, by the name that results give it: a loss, its `loss_options`, and parameters of a run."""


def config(setting: Setting, variant: str, seed: int, faces: Path) -> RunConfig:
    """Return the run of a variant in a setting.

    Args:
        setting: one of `SETTINGS`, or another.
        variant: one of `VARIANTS`.
        seed: of the run; where the setting is redrawn, of the images too.
        faces: folder of the files that the workbench does not bring.

    Raises:
        ValueError: If there is no such variant.
    """
    if variant not in VARIANTS:
        raise ValueError(unknown_name("variant", variant, VARIANTS))
    data = str(faces / setting.data) if setting.needs_faces else setting.data
    options = {**setting.data_options, **({"seed": seed} if setting.redrawn else {})}
    given = {**setting.run, **VARIANTS[variant], "data": data, "data_options": options, "seed": seed}
    return checked(RunConfig, given)


def differs(setting: Setting, config: RunConfig) -> dict[str, Any]:
    """Return what of a run is not the default, without its seed and without where its files lie: what rows store."""
    usual = RunConfig().model_dump(mode="json")
    given = {key: value for key, value in config.model_dump(mode="json").items() if value != usual[key]}
    return {**given, "data": setting.data, "loss": config.loss} | {"seed": config.seed}
