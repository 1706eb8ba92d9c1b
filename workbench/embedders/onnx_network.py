"""An ONNX file as a network of an embedder, run by ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.checks import needs, unknown_name, whole

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class OnnxNetwork:
    """A network with one input of images and at least one output of embeddings.

    The input may be [N, C, H, W] or [N, H, W, C], which is told by where the 1 or 3 channels are; the output may have
    further axes of length 1 behind [N, D]. A file made for a fixed number of images, often 1, is run as often as it
    takes: on a CPU that is as fast as many at once.

    Args:
        path: the .onnx file.
        output: name of the output that has the embeddings, if there are several.
        threads: number of threads of ONNX Runtime; PyTorch's if None.

    Attributes:
        output: name of the output that has the embeddings.

    Raises:
        ValueError: If ONNX Runtime is missing, the file is damaged or no ONNX, or it is not such a network.
    """

    def __init__(self, path: Path, *, output: str | None = None, threads: int | None = None) -> None:
        needs("onnxruntime", extra="onnx", what="An ONNX network")
        self.device = torch.device("cpu")
        self._path = path
        self._session = self._opened(torch.get_num_threads() if threads is None else threads)
        self._input = self._only_input()
        self.output = self._chosen_output(output)
        self._batch, *sizes = (_size(axis) for axis in self._input.shape)
        self._channels_last = sizes[2] in (1, 3) and sizes[0] not in (1, 3)
        height, width, channels = sizes if self._channels_last else (*sizes[1:], sizes[0])
        self.shape = (channels, height, width)

    def __call__(self, inputs: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch dim"]:
        """Return the embeddings of scaled images."""
        images = (inputs.permute(0, 2, 3, 1) if self._channels_last else inputs).contiguous().numpy()
        images = images.astype(_TYPES[self._input.type], copy=False)
        try:
            embeddings = _run(self._session, self._input.name, self.output, images, self._batch)
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors have no common type
            raise ValueError(
                f"{self._path} cannot be run on images of {' x '.join(map(str, inputs.shape[1:]))} (channels x height "
                f"x width): {_reason(error)}."
            ) from None
        if embeddings.ndim > 2 and all(length == 1 for length in embeddings.shape[2:]):
            embeddings = embeddings.reshape(embeddings.shape[:2])
        if embeddings.ndim != 2 or len(embeddings) != len(inputs):
            raise ValueError(
                f"The output {self.output!r} of {self._path} must be [N, D] for N images. Got "
                f"{list(embeddings.shape)} for {len(inputs)} instead."
            )
        return torch.from_numpy(embeddings).float()

    def _opened(self, threads: int) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = whole("embedders.load", "threads", threads, least=1)
        # Threads that wait by spinning fight with whatever else runs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors have no common type
            raise ValueError(
                f"{self._path} cannot be opened as an ONNX network ({_reason(error)}). Fetch or export it again."
            ) from None

    def _only_input(self) -> Any:
        inputs = self._session.get_inputs()
        if len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].type in _TYPES:
            return inputs[0]
        raise ValueError(
            f"{self._path} must have one input of images, [N, C, H, W] or [N, H, W, C] of floating point numbers. It "
            f"has {', '.join(f'{each.name} {_shape(each.shape)} {each.type}' for each in inputs)}."
        )

    def _chosen_output(self, name: str | None) -> str:
        outputs = {each.name: each for each in self._session.get_outputs()}
        if not outputs:
            raise ValueError(f"{self._path} has no output, and an embedding was looked for. Export it again.")
        if name is None and len(outputs) > 1:
            listed = ", ".join(f"{each.name} {_shape(each.shape)}" for each in outputs.values())
            raise ValueError(f"{self._path} has several outputs: {listed}. Choose one with 'output'.")
        if name is not None and name not in outputs:
            raise ValueError(unknown_name(f"output of {self._path} named", name, outputs))
        return name or next(iter(outputs))


def _run(session: Any, name: str, output: str, images: np.ndarray, batch: int | None) -> np.ndarray:
    """Run all images at once, or `batch` at a time with the last part filled up."""
    if batch is None:
        embeddings: np.ndarray = session.run([output], {name: images})[0]
        return embeddings
    parts = []
    for first in range(0, len(images), batch):
        part = images[first : first + batch]
        filled = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
        parts.append(session.run([output], {name: filled})[0][: len(part)])
    return np.concatenate(parts)


def _size(axis: Any) -> int | None:
    """Return the length of an axis, None for a name or an unknown one."""
    return axis if isinstance(axis, int) and axis > 0 else None


def _shape(axes: Sequence[Any]) -> str:
    return f"[{', '.join('any' if _size(axis) is None else str(axis) for axis in axes)}]"


def _reason(error: Exception) -> str:
    return str(error).strip().split(" : ")[-1].partition("\n")[0].rstrip(". ") or type(error).__name__
