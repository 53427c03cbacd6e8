"""Losses of statistical mechanics: the free energy of a distribution or state, and the dual of maximal entropy."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.nn.arguments import require_real
from qdl.nn.losses.base import EntropyLoss, alike, floating
from qdl.nn.precision import outside_autocast
from qdl.nn.scale import require
from qdl.physics.information.density import REAL, read
from qdl.physics.information.entropies import entropy
from qdl.physics.information.relative import tangent_log
from qdl.physics.matrices.spectral import pairing
from qdl.physics.thermal.gibbs import log_partition


class _Observables(EntropyLoss):
    """Keeps functions of outcomes, or Hermitian matrices, as one real buffer `operators`."""

    def __init__(self, given: Any, device: Any, dtype: torch.dtype | None, options: dict[str, Any]) -> None:
        super().__init__(**options)
        try:
            operators = torch.as_tensor(given, device=device)
        except (TypeError, ValueError, RuntimeError):
            raise ValuesError(
                "neither numbers nor matrices",
                got=f"a {type(given).__name__}",
                expected="an array or a tensor",
                do="make an Observable a matrix: qdl.physics.thermal.gibbs.operator(observable, wires)",
            ) from None
        if not (operators.is_floating_point() or operators.is_complex()):
            operators = operators.to(torch.get_default_dtype())
        if dtype is not None:
            operators = operators.to(dtype.to_complex() if operators.is_complex() else dtype)
        require(
            operators.isfinite().all(), "NaN or infinity among what is kept", expected="finite numbers", do="clean it"
        )
        # As pairs of real numbers, since Module.to(dtype) would drop an imaginary part.
        self.complex = operators.is_complex()
        self.register_buffer("operators", torch.view_as_real(operators).clone() if self.complex else operators.clone())
        self.operators: Tensor

    def matrices(self) -> Tensor:
        return torch.view_as_complex(self.operators) if self.complex else self.operators

    def _check_hermitian(self, matrices: Tensor, what: str) -> None:
        if matrices.shape[-1] != matrices.shape[-2]:
            raise ValuesError(f"the {what} is not square", got=tuple(matrices.shape))
        skew = (matrices - matrices.mH).abs().amax() if matrices.numel() else torch.zeros(())
        require(
            skew <= 1e-5 * matrices.abs().amax().clamp(min=1),
            f"the {what} is not Hermitian",
            expected="equal to its conjugate transpose",
            do="symmetrise it",
        )


class FreeEnergyLoss(_Observables):
    """The free energy F = <H> - T S of distributions over 2**n or other many outcomes, or of states of n qubits.

    F[q] = -T log Z + T D(q||g), g = exp(-H/T)/Z: it is smallest, -T log Z, at the Gibbs state, and only there (Gibbs
    variational principle). At T = 0, and for vectors, it is the energy alone, the cost of a variational eigensolver.

    Parameters
    ----------
    hamiltonian : array-like, shape (S,) or (2**n, 2**n)
        The energies of S outcomes, or a Hermitian matrix.
    temperature : float
        T, in units of the energy.
    reduction, eps, validate
        As for `ProbabilityCrossEntropyLoss`; `eps` counts for distributions.
    device, dtype
        Of the Hamiltonian, which is kept as a buffer; a matrix of complex numbers takes their precision from `dtype`.

    Raises
    ------
    ValuesError
        For a Hamiltonian that is none, a negative temperature; in ``forward`` for what is no distribution or no state,
        or of another size.
    UnsupportedError
        For an unknown reduction.

    Examples
    --------
    >>> energies = torch.tensor([0.0, 1.0])
    >>> F, gibbs = FreeEnergyLoss(energies, temperature=0.5), torch.softmax(-energies / 0.5, 0)
    >>> torch.allclose(F(gibbs), -0.5 * torch.logsumexp(-energies / 0.5, 0))
    True
    >>> FreeEnergyLoss([[0, 1], [1, 0]])(torch.eye(2) / 2)
    tensor(-0.6931)
    """

    def __init__(
        self,
        hamiltonian: Any,
        temperature: float = 1.0,
        reduction: str = "mean",
        *,
        eps: float | None = None,
        validate: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(hamiltonian, device, dtype, {"reduction": reduction, "eps": eps, "validate": validate})
        kept = self.matrices()
        if kept.dim() not in (1, 2) or (kept.dim() == 1 and self.complex):
            got, expected = f"shape {tuple(kept.shape)} of {kept.dtype}", "real energies (S,) or a matrix (2**n, 2**n)"
            raise ValuesError("no Hamiltonian", got=got, expected=expected)
        if kept.dim() == 2:
            self._check_hermitian(kept, "Hamiltonian")
        self.temperature = require_real("temperature", temperature, least=0)

    @outside_autocast
    def forward(self, input: Tensor) -> Tensor:
        """(*batch, S) probabilities, (*batch, 2**n, 2**n) matrices or (*batch, 2**n) vectors -> a scalar, (*batch,)."""
        hamiltonian = self.matrices()
        if hamiltonian.dim() == 1:
            self.check_probabilities("input", input, -1)
            self._fit(input.shape[-1], len(hamiltonian))
            own = -(input * tangent_log(input, self.eps)).sum(-1)
            return self.reduced(input @ hamiltonian.to(input.dtype) - self.temperature * own)
        state = read("input", input, validate=self.validate)
        self._fit(2**state.wires, len(hamiltonian))
        kind = torch.promote_types(input.dtype, REAL[input.dtype].to_complex() if self.complex else REAL[input.dtype])
        operator = hamiltonian.to(kind)
        if state.pure:
            image = (operator @ input.to(kind).unsqueeze(-1)).squeeze(-1)
            return self.reduced((input.conj() * image).sum(-1).real)
        energy = pairing(operator, input.to(kind))
        if self.temperature == 0:
            return self.reduced(energy)
        return self.reduced(energy - self.temperature * entropy(input, pure=False, validate=False))

    def _fit(self, got: int, expected: int) -> None:
        if got != expected:
            raise ValuesError("input and Hamiltonian differ in size", got=got, expected=expected)

    def extra_repr(self) -> str:
        return f"{tuple(self.matrices().shape)}, temperature={self.temperature:g}, {super().extra_repr()}"


class MaxEntDualLoss(_Observables):
    """The dual of maximal entropy: log Z(w) - w.m, for given averages m of K functions or observables f.

    Among all distributions (or states) with averages m the one of largest entropy is exp(w.f)/Z(w), with the w that
    minimise this convex function; its minimum is that entropy, its slope E_model[f] - m (Jaynes 1957). With the
    identity for `features`, logits as multipliers and one-hot classes as averages it is a softmax's cross-entropy.

    Parameters
    ----------
    features : array-like, shape (K, S) or (K, D, D)
        f_k of each of S outcomes, or Hermitian matrices.
    reduction, validate
        As for `ProbabilityCrossEntropyLoss`.
    device, dtype
        Of the features, which are kept as a buffer.

    Raises
    ------
    ValuesError
        For features that are none; in ``forward`` for shapes that do not fit, and averages outside the range of a
        feature's values, where the dual has no minimum.
    UnsupportedError
        For an unknown reduction.

    Examples
    --------
    >>> loss = MaxEntDualLoss(torch.eye(3))
    >>> logits, classes = torch.randn(5, 3), torch.tensor([0, 2, 1, 1, 0])
    >>> one_hot = torch.nn.functional.one_hot(classes, 3).float()
    >>> torch.allclose(loss(logits, one_hot), torch.nn.functional.cross_entropy(logits, classes))
    True
    """

    def __init__(
        self,
        features: Any,
        reduction: str = "mean",
        *,
        validate: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(features, device, dtype, {"reduction": reduction, "validate": validate})
        kept = self.matrices()
        if kept.dim() not in (2, 3) or (kept.dim() == 2 and self.complex) or not kept.numel():
            got, expected = f"shape {tuple(kept.shape)} of {kept.dtype}", "real numbers (K, S) or matrices (K, D, D)"
            raise ValuesError("no features", got=got, expected=expected)
        if kept.dim() == 3:
            self._check_hermitian(kept, "features")

    @outside_autocast
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Multipliers w and averages m, both (*batch, K) -> a scalar, or (*batch,)."""
        floating("input", input)
        alike(input, target)
        features = self.matrices()
        if input.shape[-1:] != features.shape[:1]:
            expected = f"(*batch, {len(features)})"
            raise ValuesError("there must be one for each feature", got=tuple(input.shape), expected=expected)
        self._check_averages(features, target)
        return self.reduced(_log_partition(input, features) - (input * target).sum(-1))

    def _check_averages(self, features: Tensor, averages: Tensor) -> None:
        if not self.validate or not averages.numel():
            return
        values = torch.linalg.eigvalsh(features) if features.dim() == 3 else features
        low, high = values.amin(-1).to(averages.dtype), values.amax(-1).to(averages.dtype)
        slack = 1e-5 * (high - low)
        require(
            ((averages >= low - slack) & (averages <= high + slack)).all(),
            "averages that no distribution has",
            expected="each within the range of its feature's values",
            do="check the order and the scale of the averages",
        )

    def extra_repr(self) -> str:
        return f"features={tuple(self.matrices().shape)}, {super().extra_repr()}"


def _log_partition(multipliers: Tensor, features: Tensor) -> Tensor:
    """log sum_s exp(w.f_s), or log tr exp(w.f)."""
    if features.dim() == 2:
        return torch.logsumexp(multipliers @ features.to(multipliers.dtype), -1)
    kind = torch.promote_types(multipliers.dtype, features.dtype)
    exponent = torch.einsum("...k,kij->...ij", multipliers.to(kind), features.to(kind))
    return log_partition(exponent, -1.0, validate=False).to(multipliers.dtype)
