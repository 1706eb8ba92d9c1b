"""The one schema of a run: the command line, notebook parameters and run.json share it."""

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from workbench.checks import shown, unknown_name


def _plain(value: object) -> object:
    """Refuse what is no plain value, in one sentence: the union has one complaint for each of its types."""
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("True or False, a finite number or a text for each name")


Value = Annotated[bool | int | float | str, BeforeValidator(_plain)]
Share = Annotated[float, Field(gt=0, lt=1)]


_COMMON = ("scale", "margin", "std")


class TrainingConfig(BaseModel):
    """Everything that decides how a run comes out, except its loss. Every default says why it is what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    data: str = Field("digits", description="image set, see `workbench data`, or a path")
    data_options: dict[str, Value] = Field(default_factory=dict, description="parameters of the image set")
    held_out: Literal["auto", "images", "classes", "protocol"] = Field(
        "auto",
        description="what is held out: images of every class, whole classes, or what the set's own protocol says; "
        "auto: the protocol if there is one, else images",
    )
    share: Share = Field(0.3, description="share that is held out")
    model: str = Field("convnet", description="backbone: convnet, mlp, iresnet50, mobilefacenet...")
    # Three dimensions can be looked at as they are; face networks use 512.
    dim: int = Field(3, ge=2, le=4096, description="width of the embeddings")
    dropout: float = Field(0.0, ge=0, le=0.99, description="dropout before the last layer")
    recipe: Literal["small", "published", "tuned"] = Field(
        "small",
        description="small: scale 16 unless given, class weights start at length 1; published: as in the papers; "
        "tuned: small, with what a search on drawn faces found for the loss, see docs/losses.md",
    )
    scale: float | None = Field(None, gt=0, description="factor s of all cosines; default: by recipe")
    margin: float | None = Field(None, description="margin in the loss's unit; default: the paper's")
    std: float | None = Field(None, ge=0, description="spread of ElasticFace's margins; default: the paper's")
    loss_options: dict[str, Value] = Field(default_factory=dict, description="further parameters of the loss")
    epochs: int = Field(40, ge=1, le=100_000, description="passes over the training images")
    batch_size: int = Field(128, ge=2, le=1_000_000, description="images per step")
    per_class: int | None = Field(
        None,
        ge=1,
        description="images of a class that come together into a batch; default: what the loss wants, 4 for pairs",
    )
    lr: float | None = Field(
        None, gt=0, description="learning rate of SGD; default: by recipe, 0.1 as in all four papers unless tuned"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="momentum of SGD; as in the papers")
    weight_decay: float = Field(5e-4, ge=0, description="weight decay; as in the papers")
    # In 3 dimensions and with a full margin from the start, cosine and a long warm-up crowded class centres least.
    schedule: Literal["step", "cosine", "constant"] = Field("cosine", description="how the learning rate falls")
    # ElasticFace drops at epochs 8, 14, 20 and 25 of 26.
    milestones: tuple[Share, ...] = Field(
        (0.308, 0.538, 0.769, 0.962), strict=False, description="where `step` divides by 10, as shares of the run"
    )
    warmup: float = Field(0.125, ge=0, le=1, description="share of the run in which the learning rate rises to lr")
    # CoReFace begins when the learning rate first drops, after 8 of 26 epochs, and raises the dropout to 0.6.
    views_from: float = Field(
        0.308, ge=0, le=1, description="share of the run after which a loss of two views gets two"
    )
    views_dropout: float = Field(0.6, ge=0, le=0.99, description="dropout from then on; it is what tells views apart")
    clip_norm: float | None = Field(5.0, gt=0, description="largest gradient norm of the backbone; 5 as in ElasticFace")
    flip: bool = Field(False, description="mirror half of the training images; on for faces, off for digits")
    shift: int = Field(0, ge=0, description="move training images by up to this many pixels")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of the backbone; auto: bfloat16 on CUDA, float32 elsewhere"
    )
    # The gradient feels it as a thousandth, and the products take an eighth of their time where the processor has such.
    head_products: Literal["float32", "bfloat16"] = Field(
        "float32", description="what the factors of the products with class weights are rounded to; pairs have none"
    )
    # A part of the classes makes another loss, as lesson 91 shows: worth it only where all of them are too many.
    sample_rate: float = Field(
        1.0, gt=0, le=1, description="share of the classes that each batch is compared with; less for very many"
    )
    # The channels of a pixel side by side are what convolutions want: on two CPU cores a step took 0.5 to 0.95 of its
    # time, with every backbone that has any.
    channels_last: bool = Field(True, description="lay images out pixel by pixel; off is slower, and rounds otherwise")
    # It translates for half a minute and needs a compiler, which a short run on the digits never earns back.
    compile: bool = Field(False, description="translate the backbone by torch.compile first; for long runs")
    device: str = Field("auto", description="auto (CUDA where there is one), cpu, cuda, cuda:1")
    seed: int = Field(0, ge=0, lt=2**63, description="of weights, order, augmentation and margins")
    snapshots: int = Field(40, ge=1, le=500, description="how many moments of the training are kept for playback")
    probe: int = Field(1000, ge=1, le=50_000, description="held-out images whose embeddings are kept for playback")
    checkpoint_every: int = Field(5, ge=1, description="epochs between checkpoints")

    @model_validator(mode="after")
    def _check_given_once(self) -> Self:
        for name in _COMMON:
            if name in self.loss_options and getattr(self, name) is not None:
                raise ValueError(f"The {name!r} parameter is given both by itself and in 'loss_options'. Give it once.")
        return self


class RunConfig(TrainingConfig):
    """One run: one loss, one data set, one seed."""

    loss: str = Field("elasticface-arc", description="see `workbench losses`")
    lr: float = Field(0.1, gt=0, description="learning rate of SGD; 0.1 as in all four papers, unless tuned")

    @model_validator(mode="before")
    @classmethod
    def _write_down_presets(cls, given: Any) -> Any:
        """Put tuned values in the place of what is not given, so that the file of a run says all of it."""
        if not isinstance(given, Mapping):
            return given
        run = {name: value for name, value in given.items() if name != "lr" or value is not None}
        options = run.get("loss_options", {})
        written_down = cls.model_fields.keys() <= run.keys()  # it goes on as it is, whatever was tuned since
        if run.get("recipe") != "tuned" or written_down or not isinstance(options, Mapping):
            return run
        from workbench import losses

        preset = losses.preset(str(run.get("loss", cls.model_fields["loss"].default)))
        found = {name: value for name, value in preset.values.items() if name not in options and run.get(name) is None}
        own = {name: value for name, value in found.items() if name in cls.model_fields}
        further = {name: value for name, value in found.items() if name not in own}
        return {**run, **own, "loss_options": {**further, **options}}

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        import torch

        from workbench import data, losses, models

        accepted = losses.parameters(self.loss)  # refuses a name that is none
        if self.model not in models.names():
            raise ValueError(unknown_name("model", self.model, models.names()))
        # A path is looked at when it is read: a run can be looked at where its images are not.
        if self.data not in data.names() and not _is_path(self.data):
            raise ValueError(unknown_name("data set", self.data, data.names(), hint="Or give a path."))
        for option in self.given_options():
            if option not in accepted:
                raise ValueError(unknown_name(f"parameter of the loss {self.loss!r} named", option, accepted))
        with torch.device("meta"):  # for its checks alone: nothing is allocated and nothing is drawn
            loss = losses.create(self.loss, self.dim, 2, **self.resolved_options())
        if self.sample_rate < 1 and not isinstance(loss, losses.Head):
            raise ValueError(
                f"The 'sample_rate' parameter is for losses of classes: {self.loss} compares images with each other. "
                f"Leave it out."
            )
        return self

    def folder_name(self) -> str:
        """Return a name for the run's folder: the same parameters give the same name, others another."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        mark = hashlib.sha256(content.encode()).hexdigest()[:8]
        return f"{self.data_name()}-{self.loss}-{mark}"

    def data_name(self) -> str:
        """Return what to call the image set: its name, or the last part of its path, fit for a file's name."""
        # Cut, so that the name of a run's folder is not longer than file systems take, whatever letters it has.
        return re.sub(r"[^\w.-]+", "_", Path(self.data).name)[:50] or "data"

    def require_shared(self, processes: int) -> None:
        """Raise a ValueError unless so many processes can share each batch."""
        if self.batch_size % processes:
            raise ValueError(
                f"The 'batch_size' parameter must be a multiple of {processes}, the number of processes that share "
                f"each batch. Got {self.batch_size} instead."
            )

    def given_options(self) -> dict[str, Value]:
        """Return the parameters of the loss that were asked for."""
        common = {name: getattr(self, name) for name in _COMMON}
        return {name: value for name, value in common.items() if value is not None} | self.loss_options

    def resolved_options(self) -> dict[str, Value]:
        """Return the parameters that the loss is created with: those asked for, and the recipe's scale.

        Recipe "small", and "tuned" where nothing better was found, use s = 16 where the published scale is 64: with
        few classes in few dimensions the negatives cannot come as close as among 85 742 identities, and at 64 the
        gradient is gone before classes are tight.
        """
        from workbench import losses

        published = losses.parameters(self.loss).get("scale")
        recipe = {"scale": 16.0} if self.recipe != "published" and published == 64 else {}
        return recipe | self.given_options()


class ReportConfig(TrainingConfig):
    """Several losses under the same conditions, side by side."""

    losses: tuple[str, ...] = Field(
        ("softmax", "elasticface-arc"), strict=False, min_length=1, max_length=4, description="the losses to compare"
    )
    # One shows everything but whether a difference is more than chance; each more costs as much again.
    seeds: int = Field(1, ge=1, le=100, description="seeds that each loss is trained with, from `seed` on")

    @model_validator(mode="after")
    def _check_runs(self) -> Self:
        self.runs()
        if self.seed + self.seeds > 2**63:
            raise ValueError(f"The 'seeds' parameter must end below 2**63. Got {self.seeds} from {self.seed} on.")
        return self

    def repeats(self) -> dict[str, list[RunConfig]]:
        """Return for each loss its runs under the further seeds: seed + 1 to seed + seeds - 1."""
        further = range(self.seed + 1, self.seed + self.seeds)
        return {name: [run.model_copy(update={"seed": seed}) for seed in further] for name, run in self.runs().items()}

    def runs(self) -> dict[str, RunConfig]:
        """Return one config for each loss, under the first seed. Scale, margin and std go to those that have them.

        Raises:
            ValueError: If a loss is named twice, or none of the losses has a parameter that was given.
        """
        from workbench import losses

        if len(set(self.losses)) < len(self.losses):
            raise ValueError(f"The 'losses' parameter must name each loss once. Got {', '.join(self.losses)}.")
        shared = self.model_dump(exclude={"losses", "seeds"})
        options: dict[str, Any] = {name: shared.pop(name) for name in (*_COMMON, "loss_options")}
        given = {name: value for name, value in options.items() if value is not None and name != "loss_options"}
        given |= options["loss_options"]
        accepted = {name: losses.parameters(name) for name in self.losses}
        for option in given:
            if not any(option in parameters for parameters in accepted.values()):
                every = sorted(set().union(*accepted.values()))
                raise ValueError(unknown_name(f"parameter of {', '.join(self.losses)} named", option, every))
        runs = {}
        for name in self.losses:
            mine = {option: value for option, value in given.items() if option in accepted[name]}
            common = {option: mine.pop(option) for option in _COMMON if option in mine}
            runs[name] = RunConfig(**shared, **common, loss=name, loss_options=mine)
        return runs


def _is_path(text: str) -> bool:
    return any(mark in text for mark in "/\\.") or os.path.exists(text)  # noqa: PTH110 - a name may be too long for a Path


Config = TypeVar("Config", bound=BaseModel)


def checked(schema: type[Config], parameters: Mapping[str, Any]) -> Config:
    """Return the config these parameters describe.

    Raises:
        ValueError: With one sentence for each parameter that is unknown, ill-typed or out of range.
    """
    if not isinstance(parameters, Mapping):
        raise ValueError(f"Parameters must be NAME: VALUE. Got {shown(parameters)} instead.")
    try:
        return schema.model_validate(dict(parameters))
    except ValidationError as error:
        first = {problem["loc"][:1]: problem for problem in reversed(error.errors())}
        raise ValueError("\n".join(_sentence(schema, problem) for problem in reversed(first.values()))) from None


def from_namespace(schema: type[Config], namespace: Mapping[str, Any]) -> Config:
    """Return the config that a notebook's variables describe: `from_namespace(ReportConfig, globals())`.

    Raises:
        ValueError: As `checked` does.
    """
    return checked(schema, {name: namespace[name] for name in schema.model_fields if name in namespace})


def _sentence(schema: type[BaseModel], problem: Mapping[str, Any]) -> str:
    if not problem["loc"]:
        return str(problem["ctx"]["error"]) if "ctx" in problem else str(problem["msg"])
    name = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return unknown_name("parameter", name, schema.model_fields)
    field = schema.model_fields.get(name)
    meaning = f" It is: {field.description}." if field and field.description else ""
    if problem["type"] == "missing":
        return f"The {name!r} parameter must be given.{meaning}"
    # "Input should be a valid list", "Tuple should have at most 4 items after validation, not 5", "Value error, ..."
    rule = problem["msg"].removeprefix("Input should ").removeprefix("Tuple should ")
    rule = rule.replace("Value error, ", "be ").replace(" after validation", "").replace("valid tuple", "valid list")
    return f"The {name!r} parameter must {rule}. Got {shown(problem['input'])} instead.{meaning}"
