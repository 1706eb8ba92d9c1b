"""What can be asked of the synthetic faces."""

from dataclasses import dataclass
from numbers import Integral

from workbench.checks import bad_parameter, flag, number, whole

_OWNER = "synthetic-faces"


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """The options of `synthetic-faces`.

    Attributes:
        identities: number of people, at least 2; 200.
        images: images of each person, on average over those trained on; at least 2; 20.
        size: height and width in pixels, 32 to 128; 48.
        seed: of everything, at least 0; 0. An image is a function of seed, identity and its number alone.
        grey: one channel, the luma of BT.601, in the place of three; False.
        spread: strength of what varies from image to image of one person (pose, light, expression, background), in
            [0, 3]; 1. At 0 all good images of a person show the same, under fresh noise of the sensor.
        spread_varies: standard deviation of the logarithm of a factor on `spread`, drawn for each person, in [0, 2];
            0: the same spread for everybody. What elastic margins are for.
        low_quality: share of images of low quality, in [0, 1]; 0.2. Their quality is graded evenly over [0, 1); low
            quality is blur, coarse pixels, noise, dim light and things in front. What adaptive margins are for.
        families: number of families of look-alikes, 0 to `identities`; 0: none. What JCSC is for.
        family_similarity: correlation of the identity vectors inside a family, in [0, 1); 0.7.
        label_noise: share of training images that carry another person's label, in [0, 0.9]; 0.
        long_tail: exponent a of images of a person ∝ rank ** -a, in [0, 3]; 0: the same number for everybody.
        test_share: share of the people that are held out for testing, in [0, 0.9]; 0.25. They are never trained on,
            have `images` images each and right labels. 0: nobody.

    Raises:
        ValueError: If an option is out of its range.
    """

    identities: int = 200
    images: int = 20
    size: int = 48  # the smallest at which eyes, mouth and glasses have a shape
    seed: int = 0
    grey: bool = False
    spread: float = 1.0
    spread_varies: float = 0.0
    low_quality: float = 0.2
    families: int = 0
    family_similarity: float = 0.7
    label_noise: float = 0.0
    long_tail: float = 0.0
    test_share: float = 0.25

    def __post_init__(self) -> None:
        whole(_OWNER, "identities", self.identities, least=2)
        whole(_OWNER, "images", self.images, least=2, hint="One image of a person makes no genuine pair.")
        whole(_OWNER, "seed", self.seed, least=0)
        flag(_OWNER, "grey", self.grey)
        if not isinstance(self.size, Integral) or not 32 <= self.size <= 128:
            raise ValueError(bad_parameter(_OWNER, "size", "a whole number from 32 to 128", self.size))
        if whole(_OWNER, "families", self.families, least=0) > self.identities:
            raise ValueError(
                bad_parameter(_OWNER, "families", f"at most {self.identities}, the number of people", self.families)
            )
        number(_OWNER, "spread", self.spread, low=0, high=3)
        number(_OWNER, "spread_varies", self.spread_varies, low=0, high=2)
        number(_OWNER, "low_quality", self.low_quality, low=0, high=1)
        number(_OWNER, "family_similarity", self.family_similarity, low=0, high=0.99)
        number(_OWNER, "label_noise", self.label_noise, low=0, high=0.9)
        number(_OWNER, "long_tail", self.long_tail, low=0, high=3)
        number(_OWNER, "test_share", self.test_share, low=0, high=0.9)
        if self.trained_on < 2:
            raise ValueError(
                f"The 'test_share' parameter of {_OWNER} must leave at least two people to train on. Got "
                f"{self.test_share:g} of {self.identities} people, which leaves {self.trained_on}."
            )

    @property
    def trained_on(self) -> int:
        """Number of people who are not held out; they have the labels 0, 1, ..."""
        return self.identities - round(self.test_share * self.identities)
