"""Backbones: images in, embeddings out. `models.create(name, dim, **options)`."""

from workbench.models.backbone import Backbone as Backbone
from workbench.models.export import export_onnx as export_onnx
from workbench.models.iresnet import IResNet as IResNet
from workbench.models.mobilefacenet import MobileFaceNet as MobileFaceNet
from workbench.models.registry import create as create
from workbench.models.registry import names as names
from workbench.models.registry import parameters as parameters
from workbench.models.small import SmallBackbone as SmallBackbone
from workbench.models.small import convnet as convnet
from workbench.models.small import mlp as mlp
from workbench.models.weights import load_weights as load_weights

__all__ = [
    "Backbone",
    "IResNet",
    "MobileFaceNet",
    "SmallBackbone",
    "convnet",
    "create",
    "export_onnx",
    "load_weights",
    "mlp",
    "names",
    "parameters",
]
