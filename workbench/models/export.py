"""Backbones out: as ONNX, for whatever runs them elsewhere."""

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workbench import files
from workbench.checks import needs
from workbench.models.backbone import Backbone

# Of the largest number in the embeddings: float32, whose sums are taken in another order.
_TOLERANCE = 1e-4


def export_onnx(model: Backbone, path: Path | str, *, shape: tuple[int, int, int]) -> None:
    """Write a backbone as an ONNX file, in evaluation mode: `images` [batch, C, H, W] -> `embeddings` [batch, D].

    The images are float32, scaled as the model was trained: here to [-1, 1], by (x / 255 - 0.5) / 0.5. The batch may
    have any size. Batch normalisation is folded into the convolutions. Before the file takes its place, it is run
    beside the model on two random images. It holds neither paths nor source lines of this machine.

    Args:
        model: the backbone; it is left as it is.
        path: the file to write, whole or not at all.
        shape: C, H and W of the images.

    Raises:
        ValueError: If the packages of the extra `onnx` are missing, or the embeddings are not finite, or not the same
            in ONNX Runtime.
    """
    needs("onnxscript", "onnxruntime", extra="onnx", what="Export to ONNX")
    alone = copy.deepcopy(model).cpu().float().eval()
    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = alone(images).numpy()
    if not np.isfinite(expected).all():
        raise ValueError(
            "The model gives embeddings that are not finite, and is not exported. Train it or load weights first: the "
            "first weights of a deep network overflow in evaluation mode."
        )
    program = _exported(alone, images)
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # stack traces: where this code lies on this machine
    program.model.graph.metadata_props.clear()
    with files.replacing(Path(path)) as beside:
        program.save(beside, external_data=False)
        difference = np.abs(_run(beside, images.numpy()) - expected).max() / np.abs(expected).max()
        if not difference < _TOLERANCE:
            raise ValueError(
                f"{path} was not written: ONNX Runtime's embeddings differ from the model's by {difference:.1g} of "
                f"their size. Please report it."
            )


def _exported(model: Backbone, images: torch.Tensor) -> Any:
    """Return the ONNX program, without the exporter's remarks on packages that are not needed and on PyTorch."""
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registration.level
    registration.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.onnx.export(
                model,
                (images,),
                input_names=["images"],
                output_names=["embeddings"],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                dynamo=True,
                verbose=False,
            )
    finally:
        registration.setLevel(level)


def _run(path: Path, images: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    embeddings: np.ndarray = session.run(None, {"images": images})[0]
    return embeddings
