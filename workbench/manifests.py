"""What tells which files make a checkpoint, and whether they are whole.

    state.json      of the valid checkpoint
    before.json     of the one before it, which takes its place if that is damaged

Both have the same form, and a checksum of themselves.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from workbench import files, intake

VALID, BEFORE = "state.json", "before.json"


class DamagedError(ValueError):
    """What was read from a disk is not what was written to it."""


class DamagedWarning(UserWarning):
    """A checkpoint is damaged, and the one before it was used."""


class Part(BaseModel):
    """One file of a checkpoint; one written by an older version has neither size nor checksum."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    file: Annotated[str, Field(pattern=r"^epoch-[\w-]+\.safetensors$")]
    bytes: int | None = None
    sha256: str | None = None

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return what can be said of a file that has just been written."""
        return cls(file=path.name, bytes=path.stat().st_size, sha256=files.sha256(path))

    def damage(self, folder: Path) -> str:
        """Return what is wrong with this file, as a clause; nothing if it is whole."""
        path = intake.ordinary(folder / self.file)
        try:
            size = path.stat().st_size
            if self.bytes not in (None, size):
                return f"{self.file} has {size} of its {self.bytes} bytes"
            if self.sha256 not in (None, files.sha256(path)):
                return f"{self.file} has another SHA-256 than when it was written"
            with safe_open(path, "pt"):
                return ""
        except FileNotFoundError:
            return f"{self.file} is missing"
        except (OSError, SafetensorError) as error:
            return f"{self.file} cannot be read: {error}"


class Manifest(BaseModel):
    """A checkpoint without its tensors: where the run stood, and in which files that is."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    epoch: int = Field(ge=0)
    """Epochs done."""
    steps: int = Field(0, ge=0)
    """Steps done of the epoch after these."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1, strict=False)]
    """The one with what is not split comes first."""
    classes: int = 0
    """C, if there are several parts: each has the rows of a range of classes."""
    split: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The tensors that have rows for each class."""

    @model_validator(mode="before")
    @classmethod
    def _from_older(cls, content: Any) -> Any:
        """Take in what versions before checksums wrote: names of files alone."""
        if isinstance(content, dict) and "file" in content:
            first = content.pop("file")
            return content | {"parts": [{"file": name} for name in content.get("parts", [first])]}
        return content

    def damage(self, folder: Path, *, rank: int = 0, size: int = 1) -> str:
        """Return what is wrong with the files, as a clause; one of several processes looks at its share of them."""
        return next(filter(None, (part.damage(folder) for part in self.parts[rank::size])), "")

    def place(self) -> str:
        """Return where the run stood, in words."""
        return f"step {self.steps} of epoch {self.epoch + 1}" if self.steps else f"epoch {self.epoch}"

    def write(self, path: Path) -> None:
        """Write it, with its checksum."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        files.write_json(path, content | {"checksum": _checksum(content)})


def found(folder: Path) -> list[Manifest | str | None]:
    """Return what the valid checkpoint is made of, and the one before it.

    Of each, what is wrong with the file that should say so, as a clause, if it cannot be read; None if there is no such
    checkpoint yet.
    """
    before = _read(folder / BEFORE) if (folder / BEFORE).exists() else None
    return [_read(folder / VALID) if before or (folder / VALID).exists() else None, before]


def state(folder: Path) -> Manifest | None:
    """Return what the valid checkpoint is made of; if state.json cannot be read, the one before. None if there is none.

    Whether the files are whole is not looked at.

    Raises:
        DamagedError: If neither can be read; it is a ValueError.
    """
    told = [one for one in found(folder) if one]
    if told and not any(isinstance(one, Manifest) for one in told):
        raise DamagedError(useless(folder, list(map(str, told))))
    return next((one for one in told if isinstance(one, Manifest)), None)


def useless(folder: Path, reasons: Sequence[str]) -> str:
    """Say that none of the checkpoints in a folder can be used."""
    return (
        f"No checkpoint in {folder} can be used: {'; '.join(reasons)}. Remove the folder {folder} to train this run "
        f"from its beginning, with the same command."
    )


def _read(path: Path) -> Manifest | str:
    intake.ordinary(path)
    try:
        content = json.loads(path.read_bytes())
        if isinstance(content, dict) and "file" not in content and content.pop("checksum", "") != _checksum(content):
            return f"{path.name} is not what was written"
        return Manifest.model_validate(content)
    except FileNotFoundError:
        return f"{path.name} is missing"
    except ValidationError as error:
        place, given = error.errors()[0]["loc"], str(error.errors()[0]["input"])
        named = (
            f"names {given[:60]!r}, which is no file of a checkpoint" if "file" in place else "is not what was written"
        )
        return f"{path.name} {named}"
    except (OSError, ValueError, RecursionError):
        return f"{path.name} cannot be read"


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
