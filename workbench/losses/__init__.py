"""Margin losses and their rivals behind one interface: `losses.create(name, dim, classes, **parameters)`."""

from workbench.losses import margins as margins
from workbench.losses.adaface import AdaFace as AdaFace
from workbench.losses.catalogue import describe as describe
from workbench.losses.circle import Circle as Circle
from workbench.losses.contrastive import Contrastive as Contrastive
from workbench.losses.coreface import CoReFace as CoReFace
from workbench.losses.curricularface import CurricularFace as CurricularFace
from workbench.losses.elasticface import ElasticArcFace as ElasticArcFace
from workbench.losses.elasticface import ElasticCosFace as ElasticCosFace
from workbench.losses.fixed import ArcFace as ArcFace
from workbench.losses.fixed import Combined as Combined
from workbench.losses.fixed import CosFace as CosFace
from workbench.losses.fixed import NormFace as NormFace
from workbench.losses.fixed import Softmax as Softmax
from workbench.losses.fixed import SphereFace as SphereFace
from workbench.losses.head import Head as Head
from workbench.losses.jcsc import JCSC as JCSC
from workbench.losses.loss import Loss as Loss
from workbench.losses.magface import MagFace as MagFace
from workbench.losses.multisimilarity import MultiSimilarity as MultiSimilarity
from workbench.losses.pairs import PairLoss as PairLoss
from workbench.losses.presets import Preset as Preset
from workbench.losses.presets import preset as preset
from workbench.losses.registry import create as create
from workbench.losses.registry import names as names
from workbench.losses.registry import parameters as parameters
from workbench.losses.softmax import ClassScores as ClassScores
from workbench.losses.softmax import Reshape as Reshape
from workbench.losses.softmax import class_scores as class_scores
from workbench.losses.subcenter import SubCenterArcFace as SubCenterArcFace
from workbench.losses.supcon import SupCon as SupCon
from workbench.losses.triplet import Triplet as Triplet
from workbench.losses.unpg import PairNegatives as PairNegatives

__all__ = [
    "JCSC",
    "AdaFace",
    "ArcFace",
    "Circle",
    "ClassScores",
    "CoReFace",
    "Combined",
    "Contrastive",
    "CosFace",
    "CurricularFace",
    "ElasticArcFace",
    "ElasticCosFace",
    "Head",
    "Loss",
    "MagFace",
    "MultiSimilarity",
    "NormFace",
    "PairLoss",
    "PairNegatives",
    "Preset",
    "Reshape",
    "Softmax",
    "SphereFace",
    "SubCenterArcFace",
    "SupCon",
    "Triplet",
    "class_scores",
    "create",
    "describe",
    "margins",
    "names",
    "parameters",
    "preset",
]
