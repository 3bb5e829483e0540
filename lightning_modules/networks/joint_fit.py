"""Log-sum-exp over a few interests, for wide score matrices."""

from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _JointFit(torch.autograd.Function):
    """``scores.logsumexp(1)`` with a third of its cost when M is small and C large.

    torch reduces along a short strided axis slowly, and keeps more copies of (B, M, C) than it needs.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        joint = reduce(torch.logaddexp, scores.unbind(1))
        ctx.save_for_backward(scores, joint)
        return joint

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        scores, joint = ctx.saved_tensors
        return (scores - joint[:, None]).exp_().mul_(gradient[:, None])


def joint_fit(scores: Tensor) -> Tensor:
    """Log-sum-exp over the second axis, (B, M, C) to (B, C), float32."""
    return _JointFit.apply(scores.float())
