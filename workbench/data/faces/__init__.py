"""Faces whose truth is known: `data.load("synthetic-faces")`, and what is behind it.

truth = faces.truth(identities=50, spread_varies=0.5)       who, in what pose and light, how well
images = faces.render(truth.having(yaw=0.6))                the same faces, turned
"""

from workbench.data.faces.imageset import synthetic_faces as synthetic_faces
from workbench.data.faces.options import FaceOptions as FaceOptions
from workbench.data.faces.render import render as render
from workbench.data.faces.traits import TRAITS as TRAITS
from workbench.data.faces.truth import FaceTruth as FaceTruth
from workbench.data.faces.truth import truth as truth

__all__ = ["TRAITS", "FaceOptions", "FaceTruth", "render", "synthetic_faces", "truth"]
