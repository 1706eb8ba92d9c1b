"""Batch normalisation by the statistics of the whole batch, where several processes have a part of it each."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workbench.sharding import Processes


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation whose mean and variance are those of the parts of all processes together.

        y = (x - mean) / sqrt(var + eps) * weight + bias

    `torch.nn.SyncBatchNorm` is the same for CUDA alone; this is plain tensor operations, for every device.

    Args:
        like: whose parameters, running statistics and settings it takes over; they are shared, not copied.
        processes: that have a part of the batch each, of the same size.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def __init__(self, like: _BatchNorm, processes: Processes) -> None:
        super().__init__(like.num_features, like.eps, like.momentum, affine=False)
        self.weight, self.bias = like.weight, like.bias
        for name, buffer in like.named_buffers():
            setattr(self, name, buffer)
        self.train(like.training)
        self.processes = processes

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch gave it
        """Return the features, normalised by their own statistics in training, by the running ones otherwise."""
        if not self.training:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        others = [axis for axis in range(x.ndim) if axis != 1]
        shape = [-1, *[1] * (x.ndim - 2)]
        count = self.processes.size * x.numel() // x.shape[1]
        # The variance of the whole is the mean of those of the parts, and the variance of their means.
        own = torch.stack([x.mean(others), x.var(others, correction=0)])
        means, variances = self.processes.shared(self.processes.gathered(own[None])).unbind(1)
        mean = means.mean(0)
        variance = variances.mean(0) + (means - mean).square().mean(0)
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean = torch.lerp(self.running_mean, mean, self.momentum)
            self.running_var = torch.lerp(self.running_var, variance * (count / (count - 1)), self.momentum)
        slope = (variance + self.eps).rsqrt() * self.weight
        return ((x - mean.view(shape)) * slope.view(shape) + self.bias.view(shape)).to(input.dtype)

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - the name that torch gave it
        """Take features of any shape [N, C, ...]."""


def share_batch_norm(model: nn.Module, processes: Processes, device: torch.device) -> None:
    """Let all batch normalisations of a model see the whole batch; names and values in its state stay as they are."""
    if processes.size == 1:
        return
    for module in [*model.modules()]:
        for name, child in [*module.named_children()]:
            if not isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
                continue
            if device.type == "cuda":
                setattr(module, name, nn.SyncBatchNorm.convert_sync_batchnorm(child, processes.group))
            else:
                setattr(module, name, SharedBatchNorm(child, processes))
