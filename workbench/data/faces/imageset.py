"""The synthetic faces as an ImageSet."""

from dataclasses import asdict, fields

from workbench.data.faces.options import FaceOptions
from workbench.data.faces.render import render
from workbench.data.faces.truth import drawn
from workbench.data.imageset import ImageSet


def synthetic_faces(
    *,
    identities: int = FaceOptions.identities,
    images: int = FaceOptions.images,
    size: int = FaceOptions.size,
    seed: int = FaceOptions.seed,
    grey: bool = FaceOptions.grey,
    spread: float = FaceOptions.spread,
    spread_varies: float = FaceOptions.spread_varies,
    low_quality: float = FaceOptions.low_quality,
    families: int = FaceOptions.families,
    family_similarity: float = FaceOptions.family_similarity,
    label_noise: float = FaceOptions.label_noise,
    long_tail: float = FaceOptions.long_tail,
    test_share: float = FaceOptions.test_share,
) -> ImageSet:
    """Drawn faces of people who do not exist; who, pose, light and quality of each image are known.

    The same options give the same bytes. The truth behind the images is `data.faces.truth` of the same options.

    Args:
        identities: number of people, at least 2; 200.
        images: images of each person, on average over those trained on; at least 2; 20.
        size: height and width in pixels, 32 to 128; 48.
        seed: of everything, at least 0; 0. An image is a function of seed, person and its number alone.
        grey: one channel, the luma of BT.601, in the place of three; False.
        spread: strength of what varies from image to image of one person, in [0, 3]; 1.
        spread_varies: standard deviation of the logarithm of a factor on `spread` for each person, in [0, 2]; 0.
        low_quality: share of images of low quality, graded evenly over [0, 1), in [0, 1]; 0.2.
        families: number of families of look-alikes, 0 to `identities`; 0: none.
        family_similarity: correlation of the identity vectors inside a family, in [0, 0.99]; 0.7.
        label_noise: share of training images that carry another person's label, in [0, 0.9]; 0.
        long_tail: exponent a of images of a person ∝ rank ** -a, in [0, 3]; 0: the same number for everybody.
        test_share: share of the people who are held out for testing, with `images` images each and right labels, in
            [0, 0.9]; 0.25.

    Raises:
        ValueError: If an option is out of its range.
    """
    options = FaceOptions(
        identities=identities,
        images=images,
        size=size,
        seed=seed,
        grey=grey,
        spread=spread,
        spread_varies=spread_varies,
        low_quality=low_quality,
        families=families,
        family_similarity=family_similarity,
        label_noise=label_noise,
        long_tail=long_tail,
        test_share=test_share,
    )
    truth = drawn(options)
    names = [f"person {number:0{len(str(identities - 1))}}" for number in range(identities)]
    held_out = truth.held_out if bool(truth.held_out.any()) else None
    return ImageSet(render(truth), truth.given_labels, names, _source(options), held_out=held_out)


def _source(options: FaceOptions) -> str:
    """Return the first sentence of the description, and the options that are not the usual ones."""
    sentence = (synthetic_faces.__doc__ or "").partition("\n")[0]
    usual = {field.name: field.default for field in fields(options)}
    given = [f"{name} {value}" for name, value in asdict(options).items() if value != usual[name]]
    return f"{sentence[:-1]}: {', '.join(given)}." if given else sentence
