"""Thermal states against matrix exponentials and closed forms; their derivatives, at degenerate spectra too."""

from __future__ import annotations

from collections.abc import Callable
from math import cosh, log, tanh

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import qdl
from qdl.errors import CircuitError, UnsupportedError, ValuesError
from qdl.physics.matrices.paulis import letters_of, words
from qdl.physics.thermal.gibbs import free_energy, gibbs_state, log_partition, operator

QUANTITIES: dict[str, Callable[..., Tensor]] = {
    "log_partition": log_partition,
    "free_energy": free_energy,
    "gibbs_state": gibbs_state,
}
DEGENERATE = {"scalar": [1.0, 1.0, 1.0], "ground": [0.0, 0.0, 2.0], "nearly": [0.0, 1e-16, 1.0]}


def hermitian(matrix: Tensor) -> Tensor:
    return (matrix + matrix.mH) / 2


def random(*shape: int, dtype: torch.dtype = torch.complex128, seed: int = 0) -> Tensor:
    return hermitian(torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_the_state_is_the_exponential_divided_by_its_trace(dtype: torch.dtype) -> None:
    H, beta = random(3, 8, 8, dtype=dtype), torch.tensor([0.3, 1.0, 2.5], dtype=torch.float64)
    power = torch.matrix_exp(-beta[:, None, None] * H)
    Z = power.diagonal(dim1=-2, dim2=-1).sum(-1).real
    torch.testing.assert_close(gibbs_state(H, beta), power / Z[:, None, None], atol=1e-13, rtol=0)
    torch.testing.assert_close(log_partition(H, beta), Z.log(), atol=1e-13, rtol=0)
    torch.testing.assert_close(log_partition(H.clone().requires_grad_(), beta), Z.log(), atol=1e-13, rtol=0)
    torch.testing.assert_close(free_energy(H, beta), -Z.log() / beta, atol=1e-13, rtol=0)


def test_a_spin_in_a_transverse_field() -> None:
    H = operator(0.3 * qdl.X(0) - 0.4 * qdl.Z(0), 1)
    assert float(log_partition(H, 2.0)) == pytest.approx(log(2 * cosh(1.0)))
    assert float(gibbs_state(H, 2.0)[0, 1]) == pytest.approx(-0.5 * 0.6 * tanh(1.0))


def test_no_temperature_is_too_low_and_no_energy_too_large() -> None:
    H = torch.diag(torch.tensor([1e6, 1e6, 2e6], dtype=torch.float64)).requires_grad_()
    rho = gibbs_state(H, 10.0)
    torch.testing.assert_close(rho.diagonal(), torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64))
    (gradient,) = torch.autograd.grad(log_partition(H, 10.0), H)
    torch.testing.assert_close(gradient, -10 * rho)


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_derivatives(name: str, dtype: torch.dtype) -> None:
    H = torch.randn(2, 3, 3, dtype=dtype, requires_grad=True)
    beta = torch.tensor([0.7, 1.3], dtype=torch.float64, requires_grad=True)

    def quantity(H: Tensor, beta: Tensor) -> Tensor:
        return QUANTITIES[name](hermitian(H), beta)

    assert gradcheck(quantity, (H, beta), check_forward_ad=True)
    assert gradgradcheck(quantity, (H, beta))


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("levels", DEGENERATE.values(), ids=DEGENERATE)
def test_derivatives_at_degenerate_spectra(name: str, levels: list[float]) -> None:
    H = torch.diag(torch.tensor(levels, dtype=torch.complex128)).requires_grad_()
    assert gradcheck(lambda H: QUANTITIES[name](hermitian(H), 1.5), (H,))
    assert gradgradcheck(lambda H: QUANTITIES[name](hermitian(H), 1.5), (H,))


def test_third_derivatives_are_those_of_the_cumulants() -> None:
    """d^3 ln Z/db^3 = -<(H - <H>)^3>."""
    H, beta = random(4, 4), torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    found = log_partition(H, beta)
    for _ in range(3):
        (found,) = torch.autograd.grad(found, beta, create_graph=True)
    levels = torch.linalg.eigvalsh(H)
    p = torch.softmax(-0.8 * levels, -1)
    torch.testing.assert_close(found, -(p * (levels - (p * levels).sum()) ** 3).sum(), atol=1e-10, rtol=0)


def test_transforms_of_torch_func() -> None:
    H = random(3, 4, 4, dtype=torch.float64)

    def read(H: Tensor) -> Tensor:
        return log_partition(hermitian(H), 1.2)

    hessians = torch.func.vmap(torch.func.hessian(read))(H)
    loop = torch.stack([torch.autograd.functional.hessian(read, one) for one in H])
    torch.testing.assert_close(hessians, loop, atol=1e-10, rtol=0)


def test_single_precision_stays_single_and_is_right() -> None:
    H = random(4, 4)
    rho = gibbs_state(H.to(torch.complex64), 3.0)
    assert rho.dtype == torch.complex64
    assert log_partition(H.to(torch.complex64), 3.0).dtype == torch.float32
    torch.testing.assert_close(rho.to(torch.complex128), gibbs_state(H, 3.0), atol=1e-6, rtol=0)


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=QUANTITIES)
@pytest.mark.parametrize(
    ("H", "beta", "message"),
    [
        (torch.ones(2), 1.0, "no matrix"),
        (torch.ones(2, 3), 1.0, "no matrix"),
        (torch.ones(2, 2, dtype=torch.int64), 1.0, "no Hamiltonian"),
        (torch.tensor([[0.0, 1.0], [0.5, 0.0]]), 1.0, "not Hermitian"),
        (torch.full((2, 2), torch.nan), 1.0, "not Hermitian"),
        (torch.eye(2), float("inf"), "no inverse temperature"),
    ],
)
def test_what_is_no_hamiltonian_is_refused(
    quantity: Callable[..., Tensor], H: Tensor, beta: float, message: str
) -> None:
    with pytest.raises(ValuesError, match=message):
        quantity(H, beta)


def test_infinite_temperature_has_a_state_but_no_free_energy() -> None:
    assert float(log_partition(random(4, 4), 0.0)) == pytest.approx(log(4))
    with pytest.raises(ValuesError, match="infinite temperature"):
        free_energy(random(4, 4), 0.0)


def test_words_are_the_matrices_of_the_observables() -> None:
    observable = 0.3 * qdl.X(0) @ qdl.Y(2) - qdl.Z(1) + 0.7 * qdl.Y(0) @ qdl.Z(1) @ qdl.Y(2) + 2 * qdl.I() - qdl.X(1)
    letters = letters_of(observable, 3)
    table = words(list(letters), 3)
    made = table.sum(torch.tensor(list(letters.values()), dtype=torch.float64))
    torch.testing.assert_close(made, operator(observable, 3), atol=1e-15, rtol=0)
    rho = gibbs_state(random(5, 8, 8), 0.7)
    each = torch.stack([torch.as_tensor(qdl.Observable({word: 1.0}).matrix(3)) for word in observable.terms])
    expected = torch.einsum("bij,kji->bk", rho, each).real
    torch.testing.assert_close(table.expectations(rho), expected, atol=1e-15, rtol=0)


def test_observables_that_are_no_words_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="Pauli words"):
        letters_of(qdl.Hermitian([[1, 2], [2, 0]], 0), 1)
    with pytest.raises(CircuitError, match="not there"):
        letters_of(qdl.Z(2), 2)


def test_the_state_maximises_the_entropy_at_its_energy() -> None:
    """F of the Gibbs state is below F of any other (`qdl.entropy`), by the relative entropy."""
    H, beta = random(8, 8, seed=3), 1.7
    least = free_energy(H, beta)
    at = [gibbs_state(H, beta), *(gibbs_state(random(8, 8, seed=seed), 0.5) for seed in range(4, 24))]
    values = torch.stack([(rho @ H).trace().real - qdl.entropy(rho) / beta for rho in at])
    assert float(values[0]) == pytest.approx(float(least), abs=1e-12)
    assert bool((values[1:] > least).all())
