"""Losses that compare what was found with what was wanted: cross-entropy and relative entropies."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from qdl.errors import ValuesError
from qdl.nn.losses.base import EntropyLoss, alike
from qdl.nn.precision import outside_autocast
from qdl.nn.scale import require
from qdl.physics.information.density import read, resolution
from qdl.physics.information.relative import relative_entropy, tangent_log


class ProbabilityCrossEntropyLoss(EntropyLoss):
    """Cross-entropy of probabilities: `torch.nn.CrossEntropyLoss`, but for what a measurement gives instead of logits.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        Of each class.
    ignore_index : int
        A class index that does not count.
    reduction : str
        "mean" (with `weight` the weighted mean, as torch's), "sum" or "none".
    eps : float, optional
        Below this probability the logarithm is continued by its tangent; the precision's rounding if left out. For
        frequencies of S shots, 1/S keeps slopes of what was never seen at S.
    validate : bool
        Whether inputs are checked to be probabilities (sums within 5e-3, the rounding of half precision).

    Raises
    ------
    ValuesError
        In ``forward``, for what is no distribution over the classes and for shapes that do not fit.
    UnsupportedError
        For an unknown reduction.

    Notes
    -----
    ``forward(input, target)`` takes shapes (N, C, *) and (N, *) of class indices, or (N, C, *) of probabilities;
    without a batch (C,) and (). Label smoothing is left out: it belongs to the target.

    Examples
    --------
    >>> import torch
    >>> loss = ProbabilityCrossEntropyLoss()
    >>> p = torch.tensor([[0.5, 0.5, 0.0], [0.25, 0.0, 0.75]], requires_grad=True)
    >>> loss(p, torch.tensor([0, 2]))
    tensor(0.4904, grad_fn=<...>)
    >>> bool(loss(p, torch.tensor([2, 1])).isfinite())
    True
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        *,
        eps: float | None = None,
        validate: bool = True,
    ) -> None:
        super().__init__(reduction, eps, validate)
        self.ignore_index = ignore_index
        self.register_buffer("weight", weight)
        self.weight: Tensor | None

    @outside_autocast
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """(N, C, *) probabilities, and (N, *) classes or (N, C, *) probabilities -> a scalar, or (N, *)."""
        axis = min(input.dim() - 1, 1)
        self.check_probabilities("input", input, axis)
        self._check_weight(input, input.shape[axis])
        log_p = tangent_log(input, self.eps)
        if not target.is_floating_point():
            self._classes(input, target, axis)
            return nll_loss(log_p, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)
        alike(input, target)
        self.check_probabilities("target", target, axis)
        if self.weight is not None:
            log_p = log_p * self.weight.reshape(-1, *[1] * (input.dim() - axis - 1))
        return self.reduced(-(target * log_p).sum(axis))

    def _check_weight(self, input: Tensor, classes: int) -> None:
        if self.weight is not None and (self.weight.shape != (classes,) or self.weight.dtype != input.dtype):
            got, expected = (f"{tuple(w.shape)} of {w.dtype}" for w in (self.weight, input.new_empty(classes)))
            raise ValuesError("the weight does not fit the input", got=got, expected=expected)

    def _classes(self, input: Tensor, target: Tensor, axis: int) -> None:
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != expected or target.dtype != torch.int64:
            got, wanted = f"{target.dtype} of shape {tuple(target.shape)}", f"torch.int64 of shape {tuple(expected)}"
            raise ValuesError("the target does not fit the input", got=got, expected=wanted)
        classes = input.shape[axis]
        good = ((target >= 0) & (target < classes)) | (target == self.ignore_index)
        require(
            good.all(),
            "the target holds no classes",
            expected=f"integers in 0 ... {classes - 1}",
            do="number the classes from 0",
            got=lambda: f"numbers from {target.min()} to {target.max()}",
        )


class RelativeEntropyLoss(EntropyLoss):
    """Relative entropy D(target||input) = sum p (log p - log q) of probabilities, over the classes.

    `torch.nn.KLDivLoss` with probabilities on both sides and one value for each distribution instead of each class.

    Parameters
    ----------
    reduction, eps, validate
        As for `ProbabilityCrossEntropyLoss`.

    Raises
    ------
    ValuesError
        In ``forward``, for what is no distribution and for shapes or precisions that differ.
    UnsupportedError
        For an unknown reduction.

    Examples
    --------
    >>> import torch
    >>> q, p = torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]])
    >>> RelativeEntropyLoss()(q, p)
    tensor(0.6931)
    """

    def __init__(self, reduction: str = "mean", *, eps: float | None = None, validate: bool = True) -> None:
        super().__init__(reduction, eps, validate)

    @outside_autocast
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Two (N, C, *) or (C,) -> a scalar, or (N, *)."""
        alike(input, target)
        axis = min(input.dim() - 1, 1)
        for name, p in (("input", input), ("target", target)):
            self.check_probabilities(name, p, axis)
        return self.reduced((target * (tangent_log(target, self.eps) - tangent_log(input, self.eps))).sum(axis))


class QuantumRelativeEntropyLoss(EntropyLoss):
    """Quantum relative entropy S(target||input) = tr rho (log rho - log sigma), sigma the input and rho the target.

    It is never below the relative entropy of the probabilities of any measurement of both (Lindblad 1975).

    Parameters
    ----------
    reduction, validate
        As for `ProbabilityCrossEntropyLoss`.
    eps : float, optional
        Below this eigenvalue of sigma the logarithm is continued by its tangent, so that a target outside sigma's
        support costs about (its weight there)/eps instead of infinity, with a slope that leads there. Left out, it is
        what the precision can tell from zero, 9e-16 (double) or 5e-7 (single).

    Raises
    ------
    ValuesError
        In ``forward``, for what is no state, and states that do not fit each other.
    UnsupportedError
        For an unknown reduction, and for second derivatives that involve sigma.

    Notes
    -----
    ``forward(input, target)`` takes states of n qubits: density matrices (*batch, 2**n, 2**n), vectors (*batch, 2**n).

    Examples
    --------
    >>> import torch
    >>> mixed = torch.eye(2) / 2
    >>> pure = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    >>> QuantumRelativeEntropyLoss()(mixed, pure)
    tensor(0.6931)
    """

    def __init__(self, reduction: str = "mean", *, eps: float | None = None, validate: bool = True) -> None:
        super().__init__(reduction, eps, validate)

    @outside_autocast
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """States sigma and rho -> a scalar, or (*batch,)."""
        rho = read("target", target, validate=self.validate)
        read("input", input, validate=self.validate)
        least = self.eps or resolution(input.dtype, 2**rho.wires)
        return self.reduced(relative_entropy(target, input, least=least, validate=False))
