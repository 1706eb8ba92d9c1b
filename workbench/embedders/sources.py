"""Where networks come from: ONNX files, run folders, files of weights."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from workbench import models
from workbench.checks import shown, whole
from workbench.embedders.backbones import BackboneNetwork
from workbench.embedders.embedder import Embedder
from workbench.embedders.onnx_network import OnnxNetwork
from workbench.embedders.pixels import pixels_of
from workbench.learner import backbone, find_device
from workbench.models.weights import fill
from workbench.runs import Run

_WEIGHTS = (".pth", ".pt", ".ckpt", ".safetensors")


def load(
    source: Path | str,
    *,
    scaling: str | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    channels: str = "rgb",
    size: int | tuple[int, int] | None = None,
    output: str | None = None,
    threads: int | None = None,
    model: str | None = None,
    dim: int | None = None,
    shape: tuple[int, int, int] | None = None,
    device: str | None = None,
) -> Embedder:
    """Return the embedder that a file or a folder holds.

    Args:
        source: an ONNX file (.onnx; needs the extra `onnx`), the folder of a finished run, or a file of weights
            (.pth, .pt, .ckpt, .safetensors) together with `model`.
        scaling: how pixels x are scaled. "insightface", the default: (x / 255 - 0.5) / 0.5, as InsightFace, AdaFace,
            ElasticFace and this workbench train; "imagenet": ImageNet's mean and std; "unit": x / 255; "none": 0 to
            255 as they are, for networks that scale inside, such as InsightFace's that came from MXNet.
        mean: in the place of `scaling`, together with `std`: y = (x / 255 - mean) / std, one number or one for each of
            red, green and blue. For (x - 127.5) / 128 it is mean=0.5, std=128 / 255.
        std: see `mean`.
        channels: "rgb" or "bgr", the order that the network was trained with. InsightFace's and ElasticFace's published
            weights are for "rgb", AdaFace's for "bgr", MagFace's for "bgr" with scaling "unit".
        size: height and width, or one number for both, to stretch images to where an ONNX network takes any.
        output: name of the output that has the embeddings, where an ONNX network has several.
        threads: of ONNX Runtime; PyTorch's number if None.
        model: which network the weights are for, one of `models.names()`.
        dim: D, width of the embeddings that the weights are for; 512 if None.
        shape: channels, height and width that the weights are for, or that an old run was trained on, whose run.json
            does not tell; (3, 112, 112) for weights if None.
        device: of PyTorch, for runs and weights: cpu, cuda and the like; auto, CUDA where there is one, if None.

    Raises:
        ValueError: If the source is not there, damaged or none of these, or an option does not fit it.
    """
    path = Path(source)
    pixels = pixels_of(scaling, mean, std, channels)
    if path.is_dir():
        other = None if channels == "rgb" else channels
        _refuse("a run", scaling=scaling, mean=mean, std=std, channels=other)  # it was trained as it was
        _refuse("a run", output=output, threads=threads, size=size, model=model, dim=dim)
        network, facts = _of_run(path, shape, find_device(device or "auto"))
        return Embedder(network, pixels, facts=facts)
    if not path.is_file():
        raise ValueError(f"There is no {path} to load a network from.")
    facts = {"source": path.name, "sha256": _digest(path)}
    if path.suffix == ".onnx":
        _refuse("an ONNX network", model=model, dim=dim, shape=shape, device=device)
        sides = None if size is None else _sides(size)
        onnx = OnnxNetwork(path, output=output, threads=threads)
        return Embedder(onnx, pixels, size=sides, facts={**facts, "kind": "onnx", "output": onnx.output})
    if path.suffix in _WEIGHTS:
        _refuse("a file of weights", output=output, threads=threads, size=size)
        if model is None:
            known = ", ".join(models.names())
            raise ValueError(f"{path} does not say which network its weights are for. Give 'model', one of {known}.")
        dim, shape = 512 if dim is None else dim, shape or (3, 112, 112)
        with torch.random.fork_rng(devices=[]):
            trained = models.create(model, dim, shape=shape)
        models.load_weights(trained, path)
        network = BackboneNetwork(trained, shape, find_device(device or "auto"))
        return Embedder(network, pixels, facts={**facts, "kind": "weights", "model": model, "dim": dim})
    raise ValueError(
        f"{path} is neither an ONNX network (.onnx) nor a run's folder nor a file of weights ({', '.join(_WEIGHTS)})."
    )


def _of_run(
    folder: Path, shape: tuple[int, int, int] | None, device: torch.device
) -> tuple[BackboneNetwork, dict[str, Any]]:
    """Return the network of a finished run, without its images: their shape is in run.json."""
    run = Run.load(folder)
    run.require_finished()
    noted = run.facts["data"].get("shape")
    if noted is not None and not _is_shape(noted):
        raise ValueError(f"{folder / 'run.json'} says that images are of shape {shown(noted)}, and no images are.")
    if noted is not None:
        if shape is not None and list(shape) != noted:
            raise ValueError(f"The run {folder} was trained on images of shape {noted}. Leave 'shape' out.")
        channels, height, width = noted
    elif shape is not None:
        channels, height, width = shape
    else:
        raise ValueError(
            f"The run {folder} was begun by a version that did not note the shape of its images. Give 'shape', "
            f"(channels, height, width) of the images it was trained on."
        )
    checkpoint = run.load_checkpoint()
    with torch.random.fork_rng(devices=[]):
        model = backbone(run.config, (channels, height, width))
    fill(model, checkpoint.tensors if checkpoint else {}, f"the run {folder}")
    facts = {"kind": "run", "model": run.config.model, "dim": run.config.dim, "epoch": run.epoch}
    config = run.config.model_dump(mode="json")
    return BackboneNetwork(model, (channels, height, width), device), {"source": folder.name, **facts, "config": config}


def _is_shape(noted: object) -> bool:
    sides = noted if isinstance(noted, list) and len(noted) == 3 else [0]
    return all(type(side) is int and 0 < side < 10_000 for side in sides)


def _refuse(kind: str, **options: object) -> None:
    """Raise a ValueError if an option is given that has no meaning for this kind of source."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"The {name!r} parameter of embedders.load is not for {kind}. Leave it out.")


def _sides(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    owner = "embedders.load"
    return whole(owner, "size", height, least=1), whole(owner, "size", width, least=1)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
