"""UNPG: negatives from the class centres and from the pairs of the batch, in one softmax.

Jung et al., BMVC 2022 (2203.11593); the released code is Jung-Jun-Uk/UNPG at a6f9c1731a68, recognition/models/build.py.
A classification loss sees a sample beside class centres only, which are easier to tell apart than real images. UNPG
adds the similarities of all pairs of different classes in the batch, the same set for every sample, so that each
positive has to exceed every negative of the batch: a well discriminative feature space has inf S^p > sup S^n.

    L = -1/N sum_i log e^{s psi_i} / (e^{s psi_i} + sum_{c != y_i} e^{s cos_ic} + sum_{v in N_ml} e^{s v})

The authors append one column to the logits for each pair, some 130 000 at N = 512. The sum over pairs is the same
number for every sample, so one log-sum-exp joined to that of the classes is the same loss and the same gradient.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from workbench.checks import number


class PairNegatives:
    """UNPG: negatives = class centres and all pairs of the batch, N_ml, filtered.

        L = -1/N sum_i log e^{s psi_i} / (e^{s psi_i} + sum_{c != y_i} e^{s cos_ic} + sum_{v in N_ml} e^{s v})

    Give it to a head as `head.pair_negatives`; the names `unpg-...` do that.

    Args:
        whisker: r of the box-and-whisker filter, at least 0, or None to keep all pairs; 1.5 (released configuration
            for MS1MV2; 1.0 for K-FACE).

    Source:
        Jung et al., BMVC 2022 (2203.11593); Jung-Jun-Uk/UNPG at a6f9c1731a68, recognition/models/build.py.

    Differs:
        A batch without a negative pair falls back to the plain loss, where the released code raises. So does MagFace
        there; here its penalty is added as MagFace's own code does. The released CosFace has margin=0.5.
    """

    def __init__(self, whisker: float | None = 1.5) -> None:
        self.whisker = None if whisker is None else number("UNPG", "whisker", whisker, low=0)

    def __call__(
        self, features: Float[Tensor, "batch dim"], labels: Int[Tensor, " batch"], *, scale: float
    ) -> Float[Tensor, ""]:
        """Return log sum_{v in N_ml} exp(scale v); minus infinity if the batch has no negative pair.

        Args:
            features: unit vectors [N, D].
            labels: [N].
            scale: s.
        """
        similarities = negative_similarities(features, labels)
        if self.whisker is not None:
            similarities = similarities[kept_by_whisker(similarities.detach(), self.whisker)]
        return torch.logsumexp(scale * similarities, dim=0)

    def __repr__(self) -> str:
        return f"PairNegatives(whisker={self.whisker})"


def negative_similarities(
    features: Float[Tensor, "batch dim"], labels: Int[Tensor, " batch"]
) -> Float[Tensor, " pairs"]:
    """Return the cosines of all pairs i < j of different classes, in the order of i, then j."""
    different = (labels[:, None] != labels).triu(1)
    return (features @ features.T)[different]


def kept_by_whisker(values: Float[Tensor, " values"], whisker: float) -> Bool[Tensor, " values"]:
    """Return which values a box-and-whisker filter keeps.

        Q1 - r IQR <= v <= Q3 + r IQR,   Q1 = v_(floor(n/4)), Q3 = v_(floor(3n/4)), IQR = Q3 - Q1

    Quartiles are elements of the sorted values, v_(0) the smallest, without interpolation, as released. It drops
    pairs that are too easy, and the hardest as probably mislabelled. Of normally distributed values, r = 1.5 drops
    0.35 % on each side and r = 1 drops 2.2 %.
    """
    if len(values) == 0:
        return values.new_zeros(0, dtype=torch.bool)
    ordered = values.sort().values
    low, high = ordered[len(values) // 4], ordered[3 * len(values) // 4]
    reach = whisker * (high - low)
    return (values >= low - reach) & (values <= high + reach)
