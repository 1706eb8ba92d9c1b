"""What JCSC claims, as far as its abstract tells."""

from workbench.claims.claim import Claim, Paper, each

PAPER = Paper(
    "JCSC",
    "Zhang, 2023 (2312.04029)",
    "within-class angle distribution narrows for hard classes; w_c and class means come closer (mean cos(w_c, u_c) "
    "rises), k-means / agglomerative clustering of held-out embeddings (pairwise F, BCubed F, NMI) improves over "
    "ArcFace.",
    "JCSC is known from its abstract alone, and what is trained here is our reconstruction: a verdict is on it, not on "
    "the paper, whose formulas, weights and numbers could not be had.",
)

_EVERYWHERE = ("plain", "look-alikes", "orl", "lfw")
_OURS = "A reconstruction: the paper's own terms and weights may do better or worse."

CLAIMS = (
    Claim(
        "jcsc-aligned",
        "jcsc",
        "The alignment brings class centres and mean features closer.",
        "w_c and class means come closer (mean cos(w_c, u_c) rises)",
        "higher",
        0.02,
        each(_EVERYWHERE, "jcsc", "jcsc, no alignment", "aligned") + each(("plain",), "jcsc", "arcface", "aligned"),
        "Where class centres lie in their classes already, there is little to bring closer: a cosine cannot exceed 1.",
    ),
    Claim(
        "jcsc-alignment-error",
        "jcsc",
        "The alignment matters for the error of people held out.",
        "w_c and class means come closer",
        "lower",
        0.5,
        each(_EVERYWHERE, "jcsc", "jcsc, no alignment", "eer"),
        _OURS,
    ),
    Claim(
        "jcsc-narrow",
        "jcsc",
        "Hard classes become narrower than with ArcFace: the mean angle to the own mean of the widest quarter of "
        "people.",
        "within-class angle distribution narrows for hard classes",
        "lower",
        0.5,
        each(_EVERYWHERE, "jcsc", "arcface", "wide_angle"),
        "Of the people trained on. Narrower classes are no better ones by themselves.",
    ),
    Claim(
        "jcsc-clusters",
        "jcsc",
        "K-means finds held-out people better than with ArcFace.",
        "k-means / agglomerative clustering of held-out embeddings (pairwise F, BCubed F, NMI) improves over ArcFace",
        "higher",
        1.0,
        each(_EVERYWHERE, "jcsc", "arcface", "clusters"),
        "K-means is told how many people there are. Other ways to cluster were not tried.",
    ),
    Claim(
        "jcsc-error",
        "jcsc",
        "The error of people held out is lower than with ArcFace.",
        "improves over ArcFace",
        "lower",
        0.5,
        each(_EVERYWHERE, "jcsc", "arcface", "eer"),
        _OURS,
        premise="look-alikes on and off: clusters are meant to help where people are alike",
    ),
    Claim(
        "jcsc-guided",
        "jcsc",
        "The cluster-guided margin, larger for harder samples, lowers the error against a fixed one.",
        "within-class angle distribution narrows for hard classes",
        "lower",
        0.5,
        each(("plain",), "jcsc", "jcsc, fixed margin", "eer"),
        "Which way hardness moves the margin the abstract does not say; here harder is larger.",
    ),
)
