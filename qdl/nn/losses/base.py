"""What the losses have in common: reductions, and refusing what is no distribution."""

from __future__ import annotations

from torch import Tensor, nn

from qdl.errors import ValuesError
from qdl.nn.arguments import require_known
from qdl.nn.precision import PRECISIONS
from qdl.nn.scale import require

REDUCTIONS = ("mean", "sum", "none")
# How far from 1 half precision may round a sum; logits and independent excitation numbers are further.
NORMALISED = 5e-3


class EntropyLoss(nn.Module):
    """What the losses have in common: a reduction, and whether values are checked."""

    def __init__(self, reduction: str = "mean", eps: float | None = None, validate: bool = True) -> None:
        super().__init__()
        require_known("reduction", reduction, REDUCTIONS)
        if eps is not None and not 0 < eps < 1:
            raise ValuesError("eps is no small probability", got=eps, expected="a number between 0 and 1, or None")
        self.reduction, self.eps, self.validate = reduction, eps, validate

    def reduced(self, losses: Tensor) -> Tensor:
        return losses if self.reduction == "none" else getattr(losses, self.reduction)()

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}" + (f", eps={self.eps:g}" if self.eps else "")

    def check_probabilities(self, name: str, p: Tensor, dim: int) -> None:
        """Refuses what is no distribution along `dim`; unless values are checked, what can be none."""
        floating(name, p)
        if p.dim() == 0 or not p.shape[dim]:
            raise ValuesError(f"the {name} has no classes", got=tuple(p.shape), expected="(N, C, ...) or (C,)")
        if self.validate:
            require_distributions(name, p, dim)


def require_distributions(name: str, p: Tensor, dim: int) -> None:
    """Refuses numbers that are no probabilities, or do not sum to 1 along `dim`."""
    if not p.numel():
        return
    sums = p.detach().sum(dim)
    good = ((sums - 1).abs() <= NORMALISED).all() & ((p >= -NORMALISED) & (p <= 1 + NORMALISED)).all()
    require(
        good,
        f"the {name} holds no probabilities",
        expected=f"numbers in [0, 1] that sum to 1 over axis {dim}",
        do="apply softmax to logits, divide excitation numbers by their sum, or pass validate=False",
        got=lambda: f"numbers from {p.min():.4g} to {p.max():.4g}, sums from {sums.min():.4g} to {sums.max():.4g}",
    )


def floating(name: str, tensor: Tensor) -> None:
    """Refuses what is no tensor of single or double precision."""
    if not isinstance(tensor, Tensor) or tensor.dtype not in PRECISIONS:
        got = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
        expected = "a tensor of torch.float32 or torch.float64"
        raise ValuesError(f"the {name} has no precision that is known", got=got, expected=expected)


def alike(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape or input.dtype != target.dtype:
        got = f"{tuple(input.shape)} of {input.dtype} and {tuple(target.shape)} of {target.dtype}"
        raise ValuesError("input and target differ in shape or precision", got=got, expected="the same for both")
