"""Quantities of states against Qiskit, PennyLane and closed forms, and their derivatives where spectra are degenerate."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import inf, log
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import qiskit.quantum_info as qi
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from qdl.errors import CircuitError, UnsupportedError, ValuesError
from qdl.physics.information import (
    entropy,
    fidelity,
    log_negativity,
    mutual_information,
    negativity,
    partial_trace,
    purity,
    renyi_entropy,
    trace_distance,
)

Quantity = Callable[[Tensor], Tensor]

# Of a state of three wires; what a smooth function of the state's factors has two derivatives of is marked by a rank.
OF_ONE: dict[str, Quantity] = {
    "purity": purity,
    "purity of 0": lambda rho: purity(rho, 0),
    "purity of 2, 0": lambda rho: purity(rho, [2, 0]),
    "entropy": entropy,
    "entropy of 1": lambda rho: entropy(rho, 1),
    "entropy of 0, 2": lambda rho: entropy(rho, [0, 2], base=2),
    "Renyi 0.4": lambda rho: renyi_entropy(rho, 0.4),
    "Renyi 0.5 of 1": lambda rho: renyi_entropy(rho, 0.5, 1),
    "Renyi 1": lambda rho: renyi_entropy(rho, 1, [0, 1]),
    "Renyi 1.5": lambda rho: renyi_entropy(rho, 1.5, [2, 1]),
    "Renyi 2": lambda rho: renyi_entropy(rho, 2),
    "Renyi 7": lambda rho: renyi_entropy(rho, 7, 0),
    "mutual information": lambda rho: mutual_information(rho, 0, [2, 1]),
    "mutual information of 2 and 0": lambda rho: mutual_information(rho, 2, 0, base=2),
    "negativity": lambda rho: negativity(rho, 1),
    "negativity of 0, 1": lambda rho: negativity(rho, [0, 1]),
    "log negativity": lambda rho: log_negativity(rho, 2, base=2),
}
OF_TWO = {"fidelity": fidelity, "trace distance": trace_distance}


def factors(seed: int, size: int, rank: int, *batch: int) -> Tensor:
    """Complex Gaussian G; G G* is a state of this rank once it is normalised."""
    torch.manual_seed(seed)
    return torch.randn(*batch, size, rank, dtype=torch.complex128)


def isometry(seed: int, size: int, rank: int) -> Tensor:
    """Factors of a state all of whose nonzero eigenvalues are equal."""
    return torch.linalg.qr(factors(seed, size, rank))[0].contiguous()


def state_of(g: Tensor) -> Tensor:
    rho = g @ g.mH
    return rho / rho.diagonal(dim1=-2, dim2=-1).sum(-1).real[..., None, None]


def vector_of(g: Tensor) -> Tensor:
    return g[..., 0] / torch.linalg.vector_norm(g[..., 0], dim=-1, keepdim=True)


def outer(psi: Tensor) -> Tensor:
    return psi.unsqueeze(-1) * psi.unsqueeze(-2).conj()


def real(g: Tensor) -> Tensor:
    """Free real parameters of complex factors."""
    return torch.view_as_real(g).clone().requires_grad_()


def random_state(seed: int, wires: int, rank: int, *batch: int) -> Tensor:
    return state_of(factors(seed, 2**wires, rank, *batch))


def flipped(rho: Tensor) -> qi.DensityMatrix:
    """Qiskit's qubit i is wire i, and its last one comes first in an index."""
    return qi.DensityMatrix(rho.numpy()).reverse_qargs()


def assert_equal(found: Tensor, expected: Any, atol: float = 1e-12) -> None:
    expected = torch.as_tensor(np.asarray(expected.detach() if isinstance(expected, Tensor) else expected))
    torch.testing.assert_close(found.detach(), expected.to(found.dtype), atol=atol, rtol=0)


@pytest.mark.parametrize("rank", [1, 3, 8])
@pytest.mark.parametrize("seed", range(5))
def test_quantities_against_qiskit(seed: int, rank: int) -> None:
    rho = random_state(seed, 3, rank)
    peer = flipped(rho)
    for keep in ([0], [2], [1, 2], [0, 2]):
        part = qi.partial_trace(peer, [w for w in range(3) if w not in keep])
        assert_equal(partial_trace(rho, keep), part.reverse_qargs().data)
        assert_equal(purity(rho, keep), part.purity().real)
        assert_equal(entropy(rho, keep, base=2), qi.entropy(part), atol=1e-11)
        assert_equal(negativity(rho, keep), qi.negativity(peer, keep))
    assert_equal(entropy(rho), qi.entropy(peer, base=np.e), atol=1e-11)
    part = qi.partial_trace(peer, [1])
    assert_equal(mutual_information(rho, 0, 2, base=2), qi.mutual_information(part), atol=1e-11)


@pytest.mark.parametrize("ranks", list(product([1, 2, 8], repeat=2)))
def test_fidelity_and_distance_of_every_rank(ranks: tuple[int, int]) -> None:
    for seed in range(5):
        g, h = factors(seed, 8, ranks[0]), factors(seed + 100, 8, ranks[1])
        rho, sigma = state_of(g), state_of(h)
        # With rho = G G* and sigma = H H* the root fidelity is the trace norm of G* H, whatever the ranks.
        g, h = g / torch.linalg.matrix_norm(g), h / torch.linalg.matrix_norm(h)
        assert_equal(fidelity(rho, sigma), torch.linalg.svdvals(g.mH @ h).sum() ** 2)
        # Qiskit takes square roots of eigenvalues that are rounding errors.
        assert_equal(fidelity(rho, sigma), qi.state_fidelity(flipped(rho), flipped(sigma)), atol=1e-6)
        assert_equal(trace_distance(rho, sigma), qml.math.trace_distance(rho.numpy(), sigma.numpy()))


@pytest.mark.parametrize("rank", [1, 4, 8])
def test_batches_against_pennylane(rank: int) -> None:
    rho, sigma = random_state(rank, 3, rank, 5), random_state(rank + 50, 3, 8, 5)
    a, b = rho.numpy(), sigma.numpy()
    assert_equal(partial_trace(rho, [2, 0]), qml.math.reduce_dm(a, [2, 0]))
    assert_equal(fidelity(rho, sigma), qml.math.fidelity(a, b), atol=1e-6)
    assert_equal(trace_distance(rho, sigma), qml.math.trace_distance(a, b))
    assert_equal(purity(rho, [0, 1]), qml.math.purity(a, [0, 1]))
    assert_equal(entropy(rho, [1], base=2), qml.math.vn_entropy(a, [1], base=2), atol=1e-11)
    assert_equal(mutual_information(rho, [0], [2, 1]), qml.math.mutual_info(a, [0], [1, 2]), atol=1e-11)


def test_gradients_against_pennylane_where_those_are_right() -> None:
    rho = random_state(3, 2, 4).requires_grad_()
    sigma = random_state(4, 2, 4)
    for ours, peer in (
        (entropy(rho, [0]), qml.math.vn_entropy(rho, [0])),
        (mutual_information(rho, 0, 1), qml.math.mutual_info(rho, [0], [1])),
    ):
        theirs = torch.autograd.grad(peer.real, rho)[0]
        assert_equal(torch.autograd.grad(ours, rho)[0], (theirs + theirs.mH) / 2, atol=1e-9)
    direction = random_state(5, 2, 4) - rho.detach()
    (slope,) = torch.autograd.grad(fidelity(rho, sigma), rho)
    ahead, behind = (qml.math.fidelity(rho.detach() + s * direction, sigma) for s in (1e-5, -1e-5))
    assert_equal((slope.conj() * direction).sum().real, (ahead - behind) / 2e-5, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_vectors_give_what_their_density_matrices_give(seed: int) -> None:
    """Values, and gradients in every direction, those of the vector's length and phase included."""
    psi = vector_of(factors(seed, 8, 1)).requires_grad_()
    phi = vector_of(factors(seed + 9, 8, 1))
    sigma = random_state(seed, 3, 3)
    cases: dict[str, tuple[Quantity, float]] = {name: (f, 1e-11) for name, f in OF_ONE.items()}
    for name, two in OF_TWO.items():
        cases[name] = (lambda rho, two=two: two(rho, outer(phi) if rho.dim() == 2 else phi), 1e-7)
        cases[f"{name} to a matrix"] = (lambda rho, two=two: two(rho, sigma), 1e-7)
    cases["partial trace"] = (lambda rho: (partial_trace(rho, [2, 0]) * sigma[:4, 1:5]).sum().real, 1e-12)
    for name, (f, atol) in cases.items():
        short, full = f(psi), f(outer(psi))
        assert_equal(short, full, atol)
        if name not in ("entropy", "Renyi 0.4", "Renyi 2"):  # of all wires, of which a unit vector knows everything
            gradients = [torch.autograd.grad(value, psi)[0] for value in (short, full)]
            assert_equal(gradients[0], gradients[1], 1e-6)


def test_vector_in_parts_is_never_a_matrix() -> None:
    """The density matrix of 17 wires would take 256 GiB."""
    torch.manual_seed(0)
    a, b = (vector_of(factors(seed, size, 1)) for seed, size in ((0, 4), (1, 4)))
    bell = torch.tensor([0.8, 0, 0, 0.6], dtype=torch.complex128)
    psi = a
    for part in (bell, b, bell, a, bell, b, bell):
        psi = torch.kron(psi, part)
    psi = torch.kron(psi, torch.tensor([0.6, 0.8]))
    expected = -(0.64 * log(0.64) + 0.36 * log(0.36))
    assert_equal(entropy(psi, 2), expected)
    assert_equal(entropy(psi, [w for w in range(17) if w != 2]), expected)
    assert_equal(mutual_information(psi, 2, 3), 2 * expected)
    assert_equal(negativity(psi, 2), 0.48)
    assert_equal(purity(psi, [w for w in range(17) if w != 2]), 0.64**2 + 0.36**2)


@pytest.mark.parametrize("name", OF_ONE)
def test_a_batch_is_a_loop(name: str) -> None:
    f = OF_ONE[name]
    rho = random_state(1, 3, 4, 2, 3)
    assert_equal(f(rho), torch.stack([torch.stack([f(one) for one in row]) for row in rho]))
    psi = vector_of(factors(2, 8, 1, 5))
    assert_equal(f(psi), torch.stack([f(one) for one in psi]))


@pytest.mark.parametrize("name", OF_TWO)
def test_batches_of_two_states_broadcast(name: str) -> None:
    f = OF_TWO[name]
    rho, sigma = random_state(1, 2, 4, 5, 1).requires_grad_(), random_state(2, 2, 2, 3)
    psi = vector_of(factors(3, 4, 1, 3))
    for other in (sigma, psi, psi[0]):
        one = (lambda k, other=other: other) if other.shape == (4,) else (lambda k, other=other: other[k])
        count = 1 if other.shape == (4,) else 3
        loop = torch.stack([torch.stack([f(rho[i, 0], one(k)) for k in range(count)]) for i in range(5)])
        found = f(rho, other)
        assert found.shape == (5, count)
        assert_equal(found, loop)
        gradients = [torch.autograd.grad(value.sum(), rho)[0] for value in (found, loop)]
        assert_equal(gradients[0], gradients[1])
    assert f(psi, psi.expand(2, 3, 4)).shape == (2, 3)


@pytest.mark.parametrize("rank", [1, 2, 8])
@pytest.mark.parametrize("name", OF_ONE)
def test_single_precision_in_and_out(name: str, rank: int) -> None:
    f = OF_ONE[name]
    exact = random_state(rank, 3, rank, 3)
    rho = exact.to(torch.complex64).requires_grad_()
    found = f(rho)
    assert found.dtype == torch.float32
    assert_equal(found, f(exact), atol=2e-5 if rank < 8 else 2e-6)
    (gradient,) = torch.autograd.grad(found.sum(), rho)
    assert gradient.dtype == torch.complex64
    assert torch.isfinite(torch.view_as_real(gradient)).all()
    psi = vector_of(factors(rank, 8, 1))
    assert_equal(f(psi.to(torch.complex64)), f(psi), atol=2e-6)


@pytest.mark.parametrize("ranks", [(1, 1), (1, 8), (2, 8), (2, 2), (8, 8)])
@pytest.mark.parametrize("name", OF_TWO)
def test_two_states_in_single_precision(name: str, ranks: tuple[int, int]) -> None:
    f = OF_TWO[name]
    rho, sigma = random_state(1, 3, ranks[0]), random_state(2, 3, ranks[1])
    for a, b in ((rho, sigma), (rho, rho), (vector_of(factors(1, 8, 1)), sigma)):
        found = f(a.to(torch.complex64), b.to(torch.complex64))
        assert found.dtype == torch.float32
        assert_equal(found, f(a, b), atol=2e-6)


def test_real_states_are_states() -> None:
    rho = random_state(1, 2, 3).real.contiguous().requires_grad_()
    sigma = random_state(2, 2, 3)
    for f in (entropy, lambda x: negativity(x, 0), lambda x: fidelity(x, sigma), lambda x: trace_distance(x, sigma)):
        (gradient,) = torch.autograd.grad(f(rho), rho)
        value, full = f(rho), rho.detach().to(torch.complex128).requires_grad_()
        assert value.dtype == gradient.dtype == torch.float64
        assert_equal(value, f(full))
        assert_equal(gradient, torch.autograd.grad(f(full), full)[0].real)


KINKS = {("entropy of 1", 8), ("Renyi inf", 8)}


@pytest.mark.parametrize("make", [factors, isometry])
@pytest.mark.parametrize("rank", [1, 3, 8])
@pytest.mark.parametrize("name", OF_ONE)
def test_first_and_second_derivatives(name: str, rank: int, make: Callable[[int, int, int], Tensor]) -> None:
    """Of states that keep their rank; isometries are as degenerate as can be: pure, equal eigenvalues, identity."""
    f = OF_ONE[name]
    x = real(make(1, 8, rank))
    check_along(lambda y: f(state_of(torch.view_as_complex(y))), x)
    if rank == 1:
        check_along(lambda y: f(vector_of(torch.view_as_complex(y))), x)


@pytest.mark.parametrize("make", [factors, isometry])
@pytest.mark.parametrize("ranks", list(product([1, 2, 4], repeat=2)))
@pytest.mark.parametrize("name", OF_TWO)
def test_first_and_second_derivatives_of_two(
    name: str, ranks: tuple[int, int], make: Callable[[int, int, int], Tensor]
) -> None:
    f = OF_TWO[name]
    if name == "trace distance" and make is isometry and ranks == (4, 4):
        pytest.skip("two identities: equal states, a kink")
    x, y = real(make(1, 4, ranks[0])), real(make(2, 4, ranks[1]))
    forms = [lambda t, form=form: form(torch.view_as_complex(t)) for form in (state_of, vector_of)]
    for first, second in product(forms[: 1 + (ranks[0] == 1)], forms[: 1 + (ranks[1] == 1)]):
        check_along(lambda s, t, first=first, second=second: f(first(s), second(t)), x, y)


def check_along(f: Callable[..., Tensor], *start: Tensor) -> None:
    """gradcheck and gradgradcheck in a random plane through the starting point."""
    torch.manual_seed(7)
    ways = [torch.randn(2, *x.shape, dtype=torch.float64) for x in start]

    def plane(t: Tensor) -> Tensor:
        return f(*(x.detach() + torch.tensordot(t, way, 1) for x, way in zip(start, ways, strict=True)))

    t = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    gradcheck(plane, t, atol=1e-7, rtol=1e-5)
    gradgradcheck(plane, t, atol=2e-6, rtol=1e-4)
