"""The smallest ONNX files: they give back their pixels, so that what they were given can be seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


def pixels(
    path: Path,
    shape: Sequence[int | str] = ("N", 3, 2, 2),
    *,
    target: Sequence[int] | None = None,
    kind: int = TensorProto.FLOAT,
    factors: dict[str, float] | None = None,
) -> Path:
    """Write a network whose embeddings are its inputs in their order, times a factor for each output."""
    target = target or (0, -1)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    nodes = [helper.make_node("Reshape", ["images", "target"], ["flat"])]
    constants = [numpy_helper.from_array(np.array(target, dtype=np.int64), "target")]
    for name, factor in (factors or {"embeddings": 1.0}).items():
        constants.append(numpy_helper.from_array(np.array(factor, dtype=dtype), f"{name} factor"))
        nodes.append(helper.make_node("Mul", ["flat", f"{name} factor"], [name]))
    inputs = [helper.make_tensor_value_info("images", kind, list(shape))]
    outputs = [
        helper.make_tensor_value_info(name, kind, [f"{name} {axis}" for axis in range(len(target))])
        for name in factors or ("embeddings",)
    ]
    graph = helper.make_graph(nodes, "pixels", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, path)
    return path
