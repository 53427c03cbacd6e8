"""Quantities of states against Qiskit, PennyLane and closed forms; their derivatives, at degenerate spectra too."""

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

# Of states of three wires.
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
    a, b = (vector_of(factors(seed, size, 1)) for seed, size in ((0, 4), (1, 4)))
    bell = torch.tensor([0.8, 0, 0, 0.6], dtype=torch.complex128)
    psi = a
    for part in (bell, b, bell, a, bell, b, bell):
        psi = torch.kron(psi, part)
    psi = torch.kron(psi, torch.tensor([0.6, 0.8], dtype=torch.complex128))
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


def test_single_precision_loses_nothing_inside() -> None:
    """The same numbers in double precision have the same gradients, up to the last bits of the result."""
    rho, sigma = (random_state(seed, 3, 8).to(torch.complex64) for seed in range(2))
    for f in (fidelity, trace_distance, lambda a, b, validate: renyi_entropy(a, 0.3, validate=validate)):
        single, double = (a.clone().requires_grad_() for a in (rho, rho.to(torch.complex128)))
        values = [f(a, sigma.to(a.dtype), validate=False) for a in (single, double)]
        assert_equal(values[0], values[1], atol=1e-7)
        gradients = [torch.autograd.grad(v, a)[0] for v, a in zip(values, (single, double), strict=True)]
        assert_equal(gradients[0] / gradients[1].abs().max(), gradients[1] / gradients[1].abs().max(), atol=2e-7)


def test_what_is_within_the_tolerance_counts_on_both_sides_of_the_diagonal() -> None:
    rho, noise = random_state(1, 2, 4).to(torch.complex64), 1e-4 * torch.eye(4).roll(1, 1).triu()
    for f in (entropy, lambda x: fidelity(x, rho), lambda x: trace_distance(x, rho), lambda x: negativity(x, 0)):
        assert_equal(f(rho + noise), f(rho + noise.T), atol=1e-7)


def test_unnormalised_vectors_are_those_of_their_outer_products() -> None:
    psi, phi = 1.5 * vector_of(factors(1, 4, 1)), vector_of(factors(2, 4, 1))
    for f in (fidelity, trace_distance):
        assert_equal(f(psi, phi, validate=False), f(outer(psi), outer(phi), validate=False))
    for f in (purity, entropy, negativity):
        assert_equal(f(psi, 0, validate=False), f(outer(psi), 0, validate=False))


def test_real_states_are_states() -> None:
    rho = random_state(1, 2, 3).real.contiguous().requires_grad_()
    sigma = random_state(2, 2, 3)
    for f in (entropy, lambda x: negativity(x, 0), lambda x: fidelity(x, sigma), lambda x: trace_distance(x, sigma)):
        (gradient,) = torch.autograd.grad(f(rho), rho)
        value, full = f(rho), rho.detach().to(torch.complex128).requires_grad_()
        assert value.dtype == gradient.dtype == torch.float64
        assert_equal(value, f(full))
        assert_equal(gradient, torch.autograd.grad(f(full), full)[0].real)


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


CASES = list(product(OF_TWO, product([1, 2, 4], repeat=2), [factors, isometry]))
CASES.remove(("trace distance", (4, 4), isometry))  # the same state twice, a kink


@pytest.mark.parametrize(("name", "ranks", "make"), CASES)
def test_first_and_second_derivatives_of_two(
    name: str, ranks: tuple[int, int], make: Callable[[int, int, int], Tensor]
) -> None:
    f = OF_TWO[name]
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


def mixture(strength: Tensor, start: Tensor, end: Tensor) -> Tensor:
    return (1 - strength) * start + strength * end


@pytest.mark.parametrize("swapped", [False, True])
def test_fidelity_with_a_pure_target_where_noise_sets_in(swapped: bool) -> None:
    """The fidelity is linear in the noise then, also where that raises the rank and only one side exists."""
    psi, phi, chi = (vector_of(factors(seed, 4, 1)) for seed in range(3))
    for end in (outer(chi), torch.eye(4, dtype=torch.complex128) / 4):
        strength = torch.zeros((), dtype=torch.float64, requires_grad=True)
        states = [outer(psi), mixture(strength, outer(phi), end)]
        (slope,) = torch.autograd.grad(fidelity(*(reversed(states) if swapped else states)), strength)
        assert_equal(slope, (psi.conj() @ (end - outer(phi)) @ psi).real)


def test_entropy_where_noise_sets_in_is_finite_and_grows() -> None:
    end = torch.eye(4, dtype=torch.complex128) / 4
    for f in (entropy, lambda rho: entropy(rho, 0), lambda rho: renyi_entropy(rho, 1, [0, 1])):
        strength = torch.zeros((), dtype=torch.float64, requires_grad=True)
        rho = torch.zeros(4, 4, dtype=torch.complex128)
        rho[0, 0] = 1
        (slope,) = torch.autograd.grad(f(mixture(strength, rho, end)), strength)
        assert torch.isfinite(slope)
        assert slope > 10


@pytest.mark.parametrize("name", ["entropy of 1", "Renyi 1", "mutual information", "negativity", "log negativity"])
def test_product_vectors_have_no_slope(name: str) -> None:
    """cos t |000> + sin t |111>: entropies start as t^2 log t, the negativity with the kink |t|."""
    for form in (lambda psi: psi, outer):
        t = torch.zeros((), dtype=torch.float64, requires_grad=True)
        psi = torch.stack([t.cos(), *[torch.zeros(())] * 6, t.sin()])
        (slope,) = torch.autograd.grad(OF_ONE[name](form(psi)), t)
        assert_equal(slope, 0.0)


@pytest.mark.parametrize("t", [1e-9, 1e-5, 0.1])
def test_a_trace_of_entanglement_in_a_vector(t: float) -> None:
    """Of cos t |00> + sin t |11>, whose Schmidt coefficients are known to the precision itself, not to its root."""
    x = torch.tensor(t, dtype=torch.float64, requires_grad=True)
    zero = torch.zeros(())
    psi = torch.stack([x.cos(), zero, zero, x.sin()])
    p = x.detach().sin() ** 2
    twice, log_p = 2 * x.detach(), p.log()
    for found, value, slope in (
        (negativity(psi, 0), twice.sin() / 2, twice.cos()),
        (entropy(psi, 0), -p * log_p - (1 - p) * (-p).log1p(), twice.sin() * ((-p).log1p() - log_p)),
    ):
        torch.testing.assert_close(found.detach(), value, rtol=1e-6, atol=1e-15)
        (gradient,) = torch.autograd.grad(found, x, retain_graph=True)
        torch.testing.assert_close(gradient, slope, rtol=1e-6, atol=0)


def test_classical_noise_does_not_entangle() -> None:
    strength = torch.zeros((), dtype=torch.float64, requires_grad=True)
    start, end = (torch.diag(torch.eye(4, dtype=torch.complex128)[k]) for k in (0, 3))
    found = negativity(mixture(strength, start, end), 0)
    assert_equal(found, 0.0)
    assert_equal(torch.autograd.grad(found, strength)[0], 0.0)


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-4, 1e-5, 3e-6, 3e-7, 7e-8, 1e-8, 1e-12])
def test_second_derivative_of_nearly_equal_eigenvalues(gap: float) -> None:
    """S(diag(p, q) + t X)'' = -2 log(p/q)/(p - q)."""
    p = (1 + gap / 2) / 2
    rho, flip = torch.diag(torch.tensor([p, 1 - p], dtype=torch.float64)), torch.eye(2, dtype=torch.float64).flip(0)
    t = torch.zeros((), dtype=torch.float64)
    found = torch.autograd.functional.hessian(lambda t: entropy(rho + t * flip), t)
    torch.testing.assert_close(
        found, torch.tensor(-2 * np.log1p((2 * p - 1) / (1 - p)) / (2 * p - 1)), rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_equal_states_are_stationary(rank: int) -> None:
    g = factors(rank, 4, rank)
    x = real(g)
    rho = state_of(torch.view_as_complex(x))
    target = state_of(3 * g)  # the same, but for rounding
    assert_equal(fidelity(rho, target), 1.0)
    assert_equal(torch.autograd.grad(fidelity(rho, target), x)[0], torch.zeros_like(x))
    assert_equal(trace_distance(rho, target), 0.0)
    (slope,) = torch.autograd.grad(trace_distance(state_of(torch.view_as_complex(x)), target), x)
    assert (slope == 0).all()
    psi = vector_of(g).requires_grad_()
    (slope,) = torch.autograd.grad(trace_distance(psi, vector_of(g)), psi)
    assert (slope == 0).all()


def test_orthogonal_supports_have_no_slope() -> None:
    basis = isometry(1, 4, 4)
    for k in (1, 2):
        x = real(basis[:, :k].contiguous())
        rho = state_of(torch.view_as_complex(x))
        found = fidelity(rho, state_of(basis[:, 2:]))
        assert_equal(found, 0.0)
        assert_equal(torch.autograd.grad(found, x)[0], torch.zeros_like(x))


def test_small_eigenvalues_keep_their_slope() -> None:
    """Commuting states: F = (sum sqrt(p q))^2, with populations down to 1e-12 in both."""
    p = torch.tensor([0.9, 0.1 - 1e-8, 1e-8, 1e-12], dtype=torch.float64)
    q = torch.tensor([0.7, 0.3 - 3e-8, 3e-8, 2e-12], dtype=torch.float64)
    p, q = p / p.sum(), q / q.sum()
    basis = isometry(5, 4, 4)
    rho, sigma = ((basis * x @ basis.mH).requires_grad_() for x in (p, q))
    found = fidelity(rho, sigma)
    root = (p * q).sqrt().sum()
    assert_equal(found, root**2)
    for state, slope in ((rho, root * (q / p).sqrt()), (sigma, root * (p / q).sqrt())):
        (gradient,) = torch.autograd.grad(found, state, retain_graph=True)
        torch.testing.assert_close((basis.mH @ gradient @ basis).diagonal().real, slope, rtol=1e-3, atol=0)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_second_derivative_of_fidelity_is_the_bures_metric(rank: int) -> None:
    """F(rho, e^{-itH} rho e^{itH}) = 1 - t^2 I/4 + ..., I = 2 sum_ij (p_i - p_j)^2 |H_ij|^2 / (p_i + p_j)."""
    for rho in (random_state(rank, 2, rank), state_of(isometry(rank, 4, rank))):
        h = random_state(9, 2, 4)
        p, u = torch.linalg.eigh(rho)
        inside = (u.mH @ h @ u).abs().square()
        total = p[:, None] + p
        weight = torch.where(total > 1e-12, (p[:, None] - p) ** 2 / total, 0)
        information = 2 * (weight * inside).sum()

        def path(t: Tensor, rho: Tensor = rho, h: Tensor = h) -> Tensor:
            turn = torch.linalg.matrix_exp(-1j * t * h)
            return fidelity(rho, turn @ rho @ turn.mH)

        t = torch.zeros((), dtype=torch.float64)
        assert_equal(torch.autograd.functional.hessian(path, t), -information / 2, atol=1e-10)


GENERATORS = [random_state(seed, 2, 4) for seed in range(3)]
TARGET = vector_of(factors(3, 4, 1))


def turned(x: Tensor, rank: int = 3) -> Tensor:
    """A state of two wires, its eigenvalue zero or 1/4 degenerate, turned by three angles."""
    turn = torch.linalg.matrix_exp(1j * sum(a * h for a, h in zip(x, GENERATORS, strict=True)))
    p = torch.tensor([1.0, 0, 0, 0] if rank == 1 else [0.5, 0.25, 0.25, 0], dtype=torch.complex128)
    return turn @ torch.diag(p) @ turn.mH


TRANSFORMED: dict[str, Quantity] = {
    "fidelity": lambda x: fidelity(turned(x), turned(x * x)),
    "fidelity to a vector": lambda x: fidelity(turned(x), TARGET),
    "trace distance": lambda x: trace_distance(turned(x), turned(x * x)),
    "entropy": lambda x: entropy(turned(x), 1),
    "entropy of a pure state": lambda x: entropy(turned(x, rank=1), 0),
    "negativity": lambda x: negativity(turned(x, rank=1), 0),
    "Renyi": lambda x: renyi_entropy(turned(x), 3, 0),
    "mutual information": lambda x: mutual_information(turned(x), 0, 1),
    "entropy of a vector": lambda x: entropy(torch.linalg.matrix_exp(1j * x[0] * GENERATORS[1])[0], 0),
    "negativity of a vector": lambda x: negativity(torch.linalg.matrix_exp(1j * x[0] * GENERATORS[1])[0], 0),
}


@pytest.mark.parametrize("name", TRANSFORMED)
def test_torch_func(name: str) -> None:
    f, func = TRANSFORMED[name], torch.func
    x = torch.tensor([0.3, -0.2, 0.7], dtype=torch.float64)
    slope, curve = torch.autograd.functional.jacobian(f, x), torch.autograd.functional.hessian(f, x)
    assert slope.abs().max() > 1e-4
    assert_equal(func.grad(f)(x), slope)
    assert_equal(func.jacfwd(f)(x), slope)
    for hessian in (func.hessian, lambda f: func.jacrev(func.jacrev(f)), lambda f: func.jacrev(func.jacfwd(f))):
        assert_equal(hessian(f)(x), curve)
    several = torch.stack([2 * x, x])
    assert_equal(func.vmap(f)(several)[1], f(x))
    assert_equal(func.vmap(func.hessian(f))(several)[1], curve)


def test_what_would_be_wrong_is_refused() -> None:
    f, func = TRANSFORMED["entropy"], torch.func
    x = torch.tensor([0.3, -0.2, 0.7], dtype=torch.float64)
    with pytest.raises(UnsupportedError, match="forward mode inside forward mode"):
        func.jacfwd(func.jacfwd(f))(x)
    for third in (func.jacrev, func.jacfwd):
        with pytest.raises(UnsupportedError, match="third derivative"):
            third(func.jacrev(func.jacrev(f)))(x)


@pytest.mark.parametrize("seed", range(5))
def test_inequalities(seed: int) -> None:
    rank = 1 + seed
    rho, sigma = random_state(seed, 3, rank, 4), random_state(seed + 77, 3, 8 - seed, 4)
    root, distance = fidelity(rho, sigma).sqrt(), trace_distance(rho, sigma)
    margin = 1e-12
    assert (1 - root <= distance + margin).all()  # Fuchs and van de Graaf
    assert (distance <= (1 - root**2).sqrt() + margin).all()
    for keep in ([0], [2, 0]):
        a, b = partial_trace(rho, keep), partial_trace(sigma, keep)
        assert (fidelity(a, b).sqrt() >= root - margin).all()
        assert (trace_distance(a, b) <= distance + margin).all()
    assert (mutual_information(rho, 0, 1) <= mutual_information(rho, 0, [1, 2]) + margin).all()  # strong subadditivity
    assert (negativity(partial_trace(rho, [0, 1]), 0) <= negativity(rho, 0) + margin).all()
    ladder = torch.stack([renyi_entropy(rho, alpha) for alpha in (0, 0.2, 0.7, 1, 1.3, 2, 2.5, 40, inf)])
    assert (ladder.diff(dim=0) <= 1e-10).all()
    assert_equal(ladder[0], 4 * [log(rank)])


def test_symmetries() -> None:
    rho, sigma = random_state(1, 2, 3), random_state(2, 2, 4)
    turn = torch.kron(isometry(3, 2, 2), isometry(4, 2, 2))
    assert_equal(fidelity(turn @ rho @ turn.mH, turn @ sigma @ turn.mH), fidelity(sigma, rho))
    assert_equal(negativity(turn @ rho @ turn.mH, 0), negativity(rho, 1))
    assert_equal(log_negativity(torch.kron(rho, sigma), [0, 2]), log_negativity(rho, 0) + log_negativity(sigma, 0))
    assert_equal(entropy(torch.kron(rho, sigma)), entropy(rho) + entropy(sigma))
    assert_equal(mutual_information(torch.kron(rho, sigma), [0, 1], [2, 3]), 0.0)


def test_known_numbers() -> None:
    bell = torch.tensor([0.5, 0, 0, 0.5], dtype=torch.float64).sqrt()
    werner = mixture(torch.tensor(0.4, dtype=torch.float64), outer(bell), torch.eye(4, dtype=torch.float64) / 4)
    assert_equal(negativity(werner, 0), (3 * 0.6 - 1) / 4)
    for state in (bell, outer(bell)):
        assert_equal(entropy(state, 1, base=2), 1.0)
        assert_equal(mutual_information(state, 0, 1, base=2), 2.0)
        assert_equal(negativity(state, 0), 0.5)
        assert_equal(log_negativity(state, 0, base=2), 1.0)
        for alpha in (0, 0.3, 1, 2, 500, inf):
            assert_equal(renyi_entropy(state, alpha, 0), log(2))
            assert_equal(renyi_entropy(state, alpha), 0.0)


@pytest.mark.parametrize("alpha", [1 - 1e-9, 1 + 1e-9])
def test_renyi_tends_to_von_neumann(alpha: float) -> None:
    rho = random_state(1, 2, 3).requires_grad_()
    near, there = renyi_entropy(rho, alpha), renyi_entropy(rho, 1)
    assert_equal(near, there, atol=1e-8)
    assert_equal(there, entropy(rho))
    support = rho.detach() @ torch.linalg.pinv(rho.detach(), rtol=1e-9)
    gradients = [support @ torch.autograd.grad(value, rho)[0] @ support for value in (near, there)]
    assert_equal(gradients[0], gradients[1], atol=1e-7)


@pytest.mark.parametrize("wires", [2, 5])
def test_large_orders_neither_overflow_nor_vanish(wires: int) -> None:
    for dtype in (torch.complex64, torch.complex128):
        rho = random_state(1, wires, 2**wires).to(dtype).requires_grad_()
        top, high = renyi_entropy(rho, inf), renyi_entropy(rho, 5000)
        assert_equal(high, top, atol=2e-3)
        gradients = [torch.autograd.grad(value, rho)[0] for value in (high, top)]
        assert_equal(gradients[0], gradients[1], atol=2e-2)


def test_largest_eigenvalue_shared_by_three() -> None:
    part = isometry(1, 4, 3)
    rho = (part @ part.mH / 5 + torch.eye(4, dtype=torch.float64) / 10).requires_grad_()
    (gradient,) = torch.autograd.grad(renyi_entropy(rho, inf), rho)
    assert_equal(gradient, part @ part.mH / -0.9)


@pytest.mark.parametrize("name", [*OF_ONE, *OF_TWO])
def test_values_do_not_depend_on_whether_a_gradient_is_wanted(name: str) -> None:
    """Without one the eigenvectors are not computed."""
    rho, psi, sigma = random_state(1, 3, 5, 2), vector_of(factors(2, 8, 1, 3)), random_state(3, 3, 8)
    for state in (rho, psi):
        f = OF_ONE.get(name) or (lambda x: OF_TWO[name](x, sigma))
        assert_equal(f(state.clone().requires_grad_()), f(state))


def test_a_square_of_vectors_needs_a_word() -> None:
    """It can never pass for a density matrix, not even where it is Hermitian and positive."""
    hadamard = torch.tensor([[1.0, 1], [1, -1]], dtype=torch.float64) / 2**0.5
    for square in (torch.eye(4), hadamard, vector_of(factors(1, 4, 1, 4))):
        with pytest.raises(ValuesError, match="pass pure=True if these are [24] state vectors"):
            entropy(square)
        assert entropy(square, 0, pure=True).shape == square.shape[:1]
    psi, rho = vector_of(factors(1, 4, 1, 4)), random_state(2, 2, 4)
    expected = torch.stack([fidelity(one, rho) for one in psi])
    assert_equal(fidelity(psi, rho, pure=(True, None)), expected)
    assert_equal(fidelity(rho, psi, pure=(False, True)), expected)
    assert_equal(trace_distance(psi, psi.roll(1, 0), pure=True), trace_distance(outer(psi), outer(psi.roll(1, 0))))


def test_wires_come_in_the_order_asked_for() -> None:
    psi = vector_of(factors(1, 8, 1))
    swap = torch.eye(4, dtype=torch.complex128)[[0, 2, 1, 3]]
    for state in (psi, outer(psi), random_state(1, 3, 8)):
        assert_equal(partial_trace(state, [2, 0]), swap @ partial_trace(state, (0, 2)) @ swap)
    one, two = random_state(2, 1, 2), random_state(3, 2, 4)
    assert_equal(partial_trace(torch.kron(one, two), 0), one)
    assert_equal(partial_trace(torch.kron(one, two), torch.tensor([1, 2])), two)
    assert partial_trace(psi.real / psi.real.norm(), np.int64(1)).dtype == torch.float64


def test_empty_batches_and_meta_tensors() -> None:
    for f in (*OF_ONE.values(), *(lambda rho, two=two: two(rho, rho) for two in OF_TWO.values())):
        for shape in ((0, 8), (0, 8, 8), (2, 8), (2, 8, 8)):
            empty = torch.empty(shape, dtype=torch.complex64, device="meta" if shape[0] else "cpu")
            found = f(empty)
            assert found.shape == shape[:1]
            assert found.dtype == torch.float32
            assert found.device == empty.device


GOOD = torch.eye(4) / 4
SKEW = GOOD + torch.tensor([[0.0, 0.01, 0, 0], *[[0.0] * 4] * 3])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: entropy([0.5, 0.5]), ValuesError, "got list, expected a complex or real floating tensor"),
        (lambda: entropy(GOOD.half()), ValuesError, "got torch.float16"),
        (lambda: entropy(torch.tensor(1.0)), ValuesError, r"wrong shape for a state: got \(\)"),
        (lambda: entropy(torch.ones(1, 1)), ValuesError, r"wrong shape for a state: got \(1, 1\)"),
        (lambda: entropy(torch.eye(3) / 3), ValuesError, r"got \(3, 3\), expected \(\*batch, 2\*\*n\) or"),
        (lambda: purity(GOOD[:2], pure=False), ValuesError, r"got \(2, 4\), expected \(\*batch, 2\*\*n, 2\*\*n\)"),
        (lambda: purity(torch.ones(4)), ValuesError, "squared norm off by 3, expected vectors of norm 1; divide"),
        (lambda: purity(torch.full((4,), torch.nan)), ValuesError, "off by nan, expected vectors of norm 1"),
        (lambda: purity(SKEW), ValuesError, "apart by 0.01, expected a Hermitian matrix; pass validate=False"),
        (lambda: purity(GOOD * torch.nan), ValuesError, "by nan, expected a Hermitian matrix"),
        (lambda: purity(GOOD * 1.01), ValuesError, "got a trace off by 0.01, expected trace 1"),
        (
            lambda: purity(torch.diag(torch.tensor([1.01, -0.01]))),
            ValuesError,
            "an eigenvalue of -0.01, expected no neg",
        ),
        (lambda: fidelity(GOOD, SKEW), ValuesError, "sigma is no state"),
        (lambda: fidelity(GOOD, torch.eye(2) / 2), ValuesError, "differ in wires: got 2 and 1"),
        (lambda: trace_distance(GOOD, GOOD.double()), ValuesError, "differ in precision"),
        (lambda: fidelity(GOOD.expand(2, 4, 4), GOOD.expand(3, 4, 4)), ValuesError, r"got \(2,\) and \(3,\)"),
        (lambda: entropy(GOOD, 2), CircuitError, "wire out of range: got wires=2, expected distinct wires of 0 ... 1"),
        (lambda: entropy(GOOD, -1), CircuitError, "out of range"),
        (lambda: entropy(GOOD, [1, 1]), CircuitError, "named twice"),
        (lambda: entropy(GOOD, []), CircuitError, "no wire named"),
        (lambda: entropy(GOOD, "01"), CircuitError, "no integers"),
        (lambda: negativity(GOOD, None), CircuitError, "no integers"),
        (lambda: mutual_information(GOOD, 0, [0, 1]), CircuitError, "overlap: got wires_a=.0., wires_b=.0, 1."),
        (lambda: mutual_information(GOOD, 0, 2), CircuitError, "out of range: got wires_b=2"),
        (lambda: renyi_entropy(GOOD, -0.1), ValuesError, "alpha=-0.1, expected a number of at least 0"),
        (lambda: renyi_entropy(GOOD, float("nan")), ValuesError, "alpha=nan"),
        (lambda: renyi_entropy(GOOD, None), ValuesError, "alpha=None"),
        (lambda: entropy(GOOD, base=1), ValuesError, "base=1, expected a positive number other than 1"),
        (lambda: log_negativity(GOOD, 0, base="e"), ValuesError, "base='e'"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], Tensor], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_tolerance_follows_the_precision() -> None:
    off = GOOD.double()
    off[0, 0] += 1e-5
    entropy(off.float())
    with pytest.raises(ValuesError, match="trace off by 1e-05"):
        entropy(off)
    worst = torch.stack([GOOD.double(), off, off + 3e-5 * torch.eye(4)])
    with pytest.raises(ValuesError, match="trace off by 0.00013"):
        entropy(worst)
    assert_equal(purity(off, validate=False), (off**2).sum())
