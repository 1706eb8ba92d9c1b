"""Weights that others have trained, from files that are never executed."""

import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench import intake
from workbench.checks import said

_WRAPPERS = ("state_dict", "model_state_dict", "model", "backbone")
_COUNTER = "num_batches_tracked"  # files from before PyTorch 1.1 lack it, and nothing here reads it


def load_weights(model: nn.Module, path: Path | str) -> None:
    """Fill a model with the weights of a file; it is changed as a whole or not at all.

    Read are .pth, .pt and .ckpt (PyTorch; tensors only, a pickle that holds code is refused) and .safetensors. The
    weights may lie under "state_dict", "model_state_dict", "model" or "backbone", and their names behind a common
    prefix such as "module.", "model." or "backbone.": that is taken under which most of the model's names are found,
    and what lies elsewhere, a classifier for instance, is left out. Half precision becomes the model's own.

    Args:
        model: any module, for published weights one of `models.create("iresnet50", 512)` and the like.
        path: the file.

    Raises:
        ValueError: If the file is not there, damaged or holds code, or its names or shapes are not the model's.
    """
    fill(model, _read(Path(path)), str(path))


def fill(model: nn.Module, found: Mapping[str, Tensor], source: str) -> None:
    """Fill a model with tensors by name, as `load_weights` does; `source` is where they are from, for the errors."""
    wanted = model.state_dict()
    if not found:
        raise ValueError(f"{source} holds no weights: there is no tensor with a name in it. Give a state dict.")
    prefix = _prefix(found, wanted)
    given = {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
    missing = [name for name in wanted if name not in given and not name.endswith(_COUNTER)]
    unexpected = [name for name in given if name not in wanted and not name.endswith(_COUNTER)]
    if missing or unexpected:
        what = [f"lacks {_some(missing)}"] * bool(missing) + [f"has {_some(unexpected)} too many"] * bool(unexpected)
        raise ValueError(
            f"The weights of {source} are not those of this {type(model).__name__}: it {' and '.join(what)}. "
            f"Create the model that they were trained for."
        )
    differing = [
        f"{name[:100]} {str(list(given[name].shape))[:60]} instead of {list(value.shape)}"
        for name, value in wanted.items()
        if name in given and given[name].shape != value.shape
    ]
    if differing:
        raise ValueError(
            f"The weights of {source} have other shapes than this {type(model).__name__}: {_some(differing)}. Create "
            f"the model with their width and image shape."
        )
    model.load_state_dict({name: given.get(name, value) for name, value in wanted.items()})


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ValueError(f"There is no file {path} to read weights from.")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping):
        return {}
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:  # noqa: BLE001 - what safetensors lets pass PyTorch may refuse, in its own ways
        raise ValueError(f"{path} cannot be read as safetensors ({said(error)}). Fetch or save it again.") from None


def _read_torch(path: Path) -> Any:
    intake.archive(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickles that are about to be refused
            # From memory no more can be read than there is, whatever lengths the file tells.
            return torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file can raise anything
        if code := re.search(r"GLOBAL (\S+)", str(error)):
            raise ValueError(
                f"{path} holds {code[1][:60]} beside its tensors, and code in a file of weights is never executed. "
                f"Save the weights alone where you trust it, by torch.save(model.state_dict(), path) or as "
                f".safetensors."
            ) from None
        raise ValueError(
            f"{path} cannot be read as weights: it is damaged, or torch.save did not write it. Fetch or save it again."
        ) from None


def _prefix(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """Return what precedes most of the wanted names among those found; nothing, if nothing fits better."""
    first = next(iter(wanted), "")
    candidates = ["", *(name.removesuffix(first) for name in found if name.endswith("." + first))]
    return max(candidates, key=lambda prefix: sum(prefix + name in found for name in wanted))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(name[:100] for name in names[:3]) + more
