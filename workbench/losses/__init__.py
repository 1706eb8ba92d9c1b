"""Margin losses behind one interface: `losses.create(name, dim, classes, **parameters)`."""

from workbench.losses import margins as margins
from workbench.losses.elasticface import ElasticArcFace as ElasticArcFace
from workbench.losses.elasticface import ElasticCosFace as ElasticCosFace
from workbench.losses.fixed import ArcFace as ArcFace
from workbench.losses.fixed import Combined as Combined
from workbench.losses.fixed import CosFace as CosFace
from workbench.losses.fixed import NormFace as NormFace
from workbench.losses.fixed import Softmax as Softmax
from workbench.losses.fixed import SphereFace as SphereFace
from workbench.losses.head import Head as Head
from workbench.losses.registry import create as create
from workbench.losses.registry import describe as describe
from workbench.losses.registry import names as names
from workbench.losses.registry import parameters as parameters
from workbench.losses.softmax import ClassScores as ClassScores
from workbench.losses.softmax import class_scores as class_scores

__all__ = [
    "ArcFace",
    "ClassScores",
    "Combined",
    "CosFace",
    "ElasticArcFace",
    "ElasticCosFace",
    "Head",
    "NormFace",
    "Softmax",
    "SphereFace",
    "class_scores",
    "create",
    "describe",
    "margins",
    "names",
    "parameters",
]
