"""Losses that are entropies: equal to torch's where it has them, finite at zero, loud about what is no probability."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import qdl
from qdl.errors import QdlError, UnsupportedError, ValuesError
from qdl.nn import (
    FreeEnergyLoss,
    MaxEntDualLoss,
    ProbabilityCrossEntropyLoss,
    QuantumRelativeEntropyLoss,
    RelativeEntropyLoss,
)
from qdl.physics.information import entropy, partial_trace
from qdl.physics.information.relative import relative_entropy, tangent_log


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(3)


def distributions(*shape: int, dim: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, dtype=dtype).softmax(dim)


def states(*batch: int, wires: int = 2, rank: int | None = None, dtype: torch.dtype = torch.complex128) -> Tensor:
    size = 2**wires
    a = torch.randn(*batch, size, rank or size, dtype=dtype)
    rho = a @ a.mH
    return rho / rho.diagonal(dim1=-2, dim2=-1).sum(-1).real[..., None, None]


def lbfgs(*at: Tensor) -> torch.optim.LBFGS:
    options = {"max_iter": 300, "tolerance_grad": 1e-13, "tolerance_change": 1e-16}
    return torch.optim.LBFGS(at, line_search_fn="strong_wolfe", **options)


SHAPES = [((6, 4), (6,)), ((4,), ()), ((3, 4, 5), (3, 5)), ((2, 4, 3, 2), (2, 3, 2))]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("shape", "labels"), SHAPES, ids=str)
def test_cross_entropy_of_probabilities_is_that_of_their_logits(
    shape: tuple[int, ...], labels: tuple[int, ...], weighted: bool, reduction: str
) -> None:
    logits = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    axis = 0 if len(shape) == 1 else 1
    weight = torch.rand(4, dtype=torch.float64) if weighted else None
    classes = torch.randint(4, labels)
    mine = ProbabilityCrossEntropyLoss(weight, reduction=reduction)
    torchs = nn.CrossEntropyLoss(weight, reduction=reduction)
    for target in (classes, distributions(*shape, dim=axis)):
        found, wanted = mine(logits.softmax(axis), target), torchs(logits, target)
        torch.testing.assert_close(found, wanted)
        slopes = [torch.autograd.grad(each.sum(), logits, retain_graph=True)[0] for each in (found, wanted)]
        torch.testing.assert_close(*slopes)


def test_an_ignored_class_does_not_count() -> None:
    p, target = distributions(5, 3), torch.tensor([0, 7, 2, 7, 1])
    found = ProbabilityCrossEntropyLoss(ignore_index=7)(p, target)
    torch.testing.assert_close(found, functional.nll_loss(p.log(), target, ignore_index=7))


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_relative_entropy_is_torchs_summed_over_classes(reduction: str) -> None:
    q, p = distributions(6, 4, 3), distributions(6, 4, 3)
    wanted = functional.kl_div(q.log(), p, reduction="none").sum(1)
    torch.testing.assert_close(RelativeEntropyLoss(reduction)(q, p), wanted if reduction == "none" else wanted.sum())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_probability_of_zero_costs_much_and_leads_back(dtype: torch.dtype) -> None:
    for loss, target in (
        (ProbabilityCrossEntropyLoss(), torch.tensor([1])),
        (RelativeEntropyLoss(), torch.tensor([[0.5, 0.5]], dtype=dtype)),
    ):
        q = torch.tensor([[1.0, 0.0]], dtype=dtype, requires_grad=True)
        value = loss(q, target)
        (slope,) = torch.autograd.grad(value, q)
        assert value.isfinite()
        assert value > 5
        assert slope.isfinite().all()
        assert slope[0, 1] < -1e3, "more probability there costs less"


def test_the_continued_logarithm_is_smooth_and_concave() -> None:
    p = torch.tensor([0.02, 0.0101, 0.0099, 0.0, -0.01], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(tangent_log(p, 0.01).sum(), p)
    torch.testing.assert_close(slope, torch.tensor([50, 1 / 0.0101, 100, 100, 100], dtype=torch.float64))
    torch.testing.assert_close(tangent_log(p[:2], 0.01), p[:2].log())


def test_frequencies_of_shots_with_eps_train_a_class_that_was_never_seen() -> None:
    angle = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    loss, shots = ProbabilityCrossEntropyLoss(eps=1e-3), 1000
    for _ in range(40):
        exact = torch.stack([(angle / 2).sin() ** 2, (angle / 2).cos() ** 2])
        draws = torch.distributions.Multinomial(shots, exact.detach()).sample() / shots
        (slope,) = torch.autograd.grad(loss(exact + (draws - exact.detach()), torch.tensor(1)), angle)
        angle.data -= 0.1 * slope.clamp(-1, 1)
    assert (angle / 2).cos() ** 2 > 0.9


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128, torch.float32, torch.float64])
def test_quantum_relative_entropy_equals_its_definition(dtype: torch.dtype) -> None:
    rho, sigma = states(5, dtype=dtype), states(5, dtype=dtype)

    def log(matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix.to(torch.complex128))
        return vectors @ torch.diag_embed(values.log().to(vectors.dtype)) @ vectors.mH

    wanted = (rho.to(torch.complex128) @ (log(rho) - log(sigma))).diagonal(dim1=-2, dim2=-1).sum(-1).real
    found = relative_entropy(rho, sigma)
    assert found.dtype == rho.real.dtype
    torch.testing.assert_close(found, wanted.to(found.dtype))
    torch.testing.assert_close(QuantumRelativeEntropyLoss("none")(sigma, rho), found)
    torch.testing.assert_close(relative_entropy(rho, sigma, base=2), found / torch.tensor(2.0).log().item())


def test_quantum_relative_entropy_of_commuting_states_is_the_classical_one() -> None:
    p, q = distributions(3, 4), distributions(3, 4)
    found = relative_entropy(torch.diag_embed(p), torch.diag_embed(q))
    torch.testing.assert_close(found, RelativeEntropyLoss("none")(q, p))


def test_outside_the_support_it_is_infinite_or_finite_with_a_slope() -> None:
    rho, sigma = states(3), states(3, rank=2)
    assert relative_entropy(rho, sigma).isinf().all()
    assert relative_entropy(sigma, sigma).abs().max() < 1e-10
    assert relative_entropy(sigma, rho).isfinite().all()
    vector = torch.randn(3, 4, dtype=torch.complex128)
    vector /= torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    inside = relative_entropy(vector, rho, pure=(True, False))
    torch.testing.assert_close(inside, relative_entropy(vector[:, :, None] * vector[:, None].conj(), rho))
    loss, made = QuantumRelativeEntropyLoss(eps=1e-3), sigma.clone().requires_grad_()
    value = loss(made, rho)
    (slope,) = torch.autograd.grad(value, made)
    assert value.isfinite()
    better = sigma - 1e-4 * (slope - slope.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None] * torch.eye(4) / 4)
    assert QuantumRelativeEntropyLoss(eps=1e-3, validate=False)(better, rho) < value


def test_quantum_gradients_equal_differences_at_degenerate_spectra_too() -> None:
    def hermitian(a: Tensor) -> Tensor:
        return (a + a.mH) / 2

    loss = QuantumRelativeEntropyLoss("none", validate=False)
    degenerate = torch.diag(torch.tensor([0.4, 0.2, 0.2, 0.2], dtype=torch.complex128))
    for sigma in (states(), degenerate, torch.eye(4, dtype=torch.complex128) / 4):
        inputs = (sigma.clone().requires_grad_(), states().requires_grad_())
        torch.autograd.gradcheck(lambda s, r: loss(hermitian(s), hermitian(r)), inputs)
        value = torch.autograd.grad(loss(*inputs), inputs, create_graph=True)
        with pytest.raises(UnsupportedError, match="derivative"):
            torch.autograd.grad(value[0].abs().square().sum(), inputs)


def test_free_energy_of_states_and_distributions_agree_where_both_are_defined() -> None:
    energies, p = torch.randn(8, dtype=torch.float64), distributions(5, 8)
    classical = FreeEnergyLoss(energies, 0.7, "none")(p)
    quantum = FreeEnergyLoss(torch.diag(energies), 0.7, "none")(torch.diag_embed(p))
    torch.testing.assert_close(classical, quantum)


def test_free_energy_of_vectors_is_their_energy() -> None:
    h = states(wires=3)
    psi = torch.randn(5, 8, dtype=torch.complex128)
    psi /= torch.linalg.vector_norm(psi, dim=-1, keepdim=True)
    wanted = torch.einsum("bi,ij,bj->b", psi.conj(), h, psi).real
    torch.testing.assert_close(FreeEnergyLoss(h, 0.5, "none")(psi), wanted)
    torch.testing.assert_close(FreeEnergyLoss(h, 0.0, "none")(psi[:, :, None] * psi[:, None].conj()), wanted)


def test_free_energy_needs_neither_a_full_rank_nor_all_outcomes() -> None:
    loss = FreeEnergyLoss(torch.tensor([1.0, 0.0, 2.0]))
    p = torch.tensor([1.0, 0.0, 0.0], requires_grad=True)
    (slope,) = torch.autograd.grad(loss(p), p)
    assert slope.isfinite().all()
    assert slope[1] < slope[0], "probability flows to where there is none"
    rho = states(rank=1).requires_grad_()
    (slope,) = torch.autograd.grad(FreeEnergyLoss(states())(rho), rho)
    assert slope.isfinite().all()


def test_the_slope_of_the_dual_is_the_difference_of_averages() -> None:
    features = torch.randn(3, 7, dtype=torch.float64)
    w = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    m = distributions(4, 7) @ features.T
    (slope,) = torch.autograd.grad(MaxEntDualLoss(features, "sum")(w, m), w)
    torch.testing.assert_close(slope, (w @ features).softmax(-1) @ features.T - m)
    quantum = MaxEntDualLoss(torch.diag_embed(features), "sum")
    (same,) = torch.autograd.grad(quantum(w, m), w)
    torch.testing.assert_close(same, slope)


def test_the_quantum_dual_ends_at_the_state_with_the_given_averages() -> None:
    x, z = torch.tensor([[0, 1], [1, 0]]).double(), torch.tensor([1, -1]).double().diag()
    features = torch.stack([torch.kron(z, z), torch.kron(x, torch.eye(2)), torch.kron(torch.eye(2), x)])
    rho = states(dtype=torch.float64)
    m = torch.einsum("kij,ij->k", features, rho)
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    loss, optimizer = MaxEntDualLoss(features), lbfgs(w)

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(w, m)
        value.backward()
        return value

    optimizer.step(closure)
    exponent = torch.einsum("k,kij->ij", w.detach(), features)
    gibbs = torch.matrix_exp(exponent) / torch.matrix_exp(exponent).trace()
    torch.testing.assert_close(torch.einsum("kij,ij->k", features, gibbs), m, atol=1e-7, rtol=0)
    torch.testing.assert_close(loss(w, m).detach(), entropy(gibbs))
    assert entropy(gibbs) >= entropy(rho)


STATES = states(4)
MADE: list[tuple[Callable[..., nn.Module], tuple[Tensor, ...]]] = [
    (lambda **o: ProbabilityCrossEntropyLoss(**o), (distributions(3, 4), distributions(3, 4))),
    (lambda **o: RelativeEntropyLoss(**o), (distributions(3, 4), distributions(3, 4))),
    (lambda **o: QuantumRelativeEntropyLoss(**o), (states(3), states(3))),
    (lambda **o: FreeEnergyLoss(torch.arange(4.0).double(), **o), (distributions(3, 4),)),
    (lambda **o: FreeEnergyLoss(STATES[0], **o), (states(3),)),
    (lambda **o: MaxEntDualLoss(torch.eye(4).double(), **o), (torch.randn(3, 4).double(), distributions(3, 4))),
    (lambda **o: MaxEntDualLoss(STATES, **o), (torch.randn(3, 4).double(), torch.full((3, 4), 0.3).double())),
]
NAMES = ["cross", "relative", "quantum", "free-classical", "free-quantum", "dual", "dual-quantum"]


@pytest.mark.parametrize(("make", "inputs"), MADE, ids=NAMES)
def test_reductions_copies_and_precision(make: Callable[..., nn.Module], inputs: tuple[Tensor, ...]) -> None:
    each, mean, total = (make(reduction=name)(*inputs) for name in ("none", "mean", "sum"))
    assert each.shape == (3,)
    torch.testing.assert_close(each.mean(), mean)
    torch.testing.assert_close(each.sum(), total)
    loss = make()
    for copied in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        torch.testing.assert_close(copied(*inputs), mean)
    fresh = make()
    fresh.load_state_dict(loss.state_dict(), strict=True)
    torch.testing.assert_close(fresh(*inputs), mean)
    half = {torch.float64: torch.float32, torch.complex128: torch.complex64}
    single = loss.to(torch.float32)(*(x.to(half[x.dtype]) for x in inputs))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single, mean.float(), rtol=1e-4, atol=1e-5)
    assert "reduction" in repr(loss)


@pytest.mark.parametrize(
    ("make", "inputs"), MADE[:2] + MADE[3:4] + MADE[5:6], ids=["cross", "relative", "free", "dual"]
)
def test_autocast_stays_out(make: Callable[..., nn.Module], inputs: tuple[Tensor, ...]) -> None:
    loss, single = make().float(), tuple(x.float() for x in inputs)
    wanted = loss(*single)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(*single), wanted)
        assert loss(*(x.bfloat16() for x in single)).dtype == torch.float32


def test_vmap_gives_what_a_batch_gives() -> None:
    rho, sigma = states(5), states(5)
    mapped = torch.func.vmap(lambda s, r: QuantumRelativeEntropyLoss()(s, r))(sigma, rho)
    torch.testing.assert_close(mapped, QuantumRelativeEntropyLoss("none")(sigma, rho))
    features, w, m = states(3), torch.randn(5, 3).double(), torch.full((5, 3), 0.25).double()
    slopes = torch.func.vmap(torch.func.grad(lambda w, m: MaxEntDualLoss(features)(w, m)))(w, m)
    w.requires_grad_()
    torch.testing.assert_close(slopes, torch.autograd.grad(MaxEntDualLoss(features, "sum")(w, m), w)[0])


P = distributions(3, 4, dtype=torch.float32)
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "logits": (lambda: ProbabilityCrossEntropyLoss()(torch.randn(3, 4) * 5, torch.zeros(3).long()), "softmax"),
    "sums": (lambda: ProbabilityCrossEntropyLoss()(P * 1.5, torch.zeros(3).long()), "sum to 1"),
    "nan": (lambda: ProbabilityCrossEntropyLoss()(P * torch.nan, torch.zeros(3).long()), "no probabilities"),
    "integers": (lambda: ProbabilityCrossEntropyLoss()(torch.ones(3, 4).long(), torch.zeros(3).long()), "int64"),
    "classes": (lambda: ProbabilityCrossEntropyLoss()(P, torch.tensor([0, 4, 1])), "0 ... 3"),
    "negative": (lambda: ProbabilityCrossEntropyLoss()(P, torch.tensor([0, -1, 1])), "from -1"),
    "shape": (lambda: ProbabilityCrossEntropyLoss()(P, torch.zeros(4).long()), r"\(4,\)"),
    "target": (lambda: ProbabilityCrossEntropyLoss()(P, P[:2]), r"\(2, 4\)"),
    "precision": (lambda: RelativeEntropyLoss()(P, P.double()), "float64"),
    "reduction": (lambda: RelativeEntropyLoss("average"), "'average'"),
    "eps": (lambda: RelativeEntropyLoss(eps=2.0), "eps"),
    "least": (lambda: relative_entropy(states(), states(), least=-1.0), "least=-1.0"),
    "no state": (lambda: QuantumRelativeEntropyLoss()(states(), 2 * states()), "target is no state"),
    "no input": (lambda: QuantumRelativeEntropyLoss()(-states(), states()), "input is no state"),
    "wires": (lambda: QuantumRelativeEntropyLoss()(states(), states(wires=1)), "wires"),
    "matrix": (lambda: FreeEnergyLoss(torch.randn(4, 4) + torch.arange(4.0)), "not Hermitian"),
    "square": (lambda: FreeEnergyLoss(torch.ones(4, 2)), "not square"),
    "axes": (lambda: FreeEnergyLoss(torch.ones(4, 2, 2)), "no Hamiltonian"),
    "temperature": (lambda: FreeEnergyLoss(torch.ones(4), -1.0), "temperature makes no sense"),
    "observable": (lambda: FreeEnergyLoss(qdl.Z(0)), "got a Observable.*operator"),
    "nothing": (lambda: MaxEntDualLoss(None), "got a NoneType"),
    "infinite": (lambda: FreeEnergyLoss([0.0, torch.nan]), "NaN"),
    "heat": (lambda: FreeEnergyLoss([0.0, 1.0], "warm"), "temperature"),
    "size": (lambda: FreeEnergyLoss(torch.ones(5))(P), "expected 5"),
    "size of a state": (lambda: FreeEnergyLoss(torch.eye(8))(states()), "expected 8"),
    "features": (lambda: MaxEntDualLoss(torch.ones(3)), "no features"),
    "averages": (lambda: MaxEntDualLoss(torch.eye(3))(torch.zeros(2, 3), torch.full((2, 3), 1.5)), "no distribution"),
    "count": (lambda: MaxEntDualLoss(torch.eye(3))(torch.zeros(2, 4), torch.zeros(2, 4)), "one for each feature"),
}


@pytest.mark.parametrize(("call", "says"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(QdlError, match=says):
        call()


def test_a_check_that_is_turned_off_lets_pass() -> None:
    with pytest.raises(ValuesError):
        RelativeEntropyLoss()(2 * P, P)
    assert RelativeEntropyLoss(validate=False)(2 * P, P).isfinite()


def test_a_state_of_a_circuit_trains_towards_another() -> None:
    import qdl

    theta = qdl.Param("theta", 4)
    circuit = qdl.Circuit(2).ry(theta[0], 0).cx(0, 1).rx(theta[1], 1).rz(theta[2], 0).ry(theta[3], 1)
    circuit = circuit.channel("depolarizing", 0.1, wires=0)
    target = qdl.density(circuit, {"theta": torch.tensor([0.9, 0.4, -0.7, 0.3]).double()}, engine="density")
    angles = torch.tensor([0.6, 0.6, -0.3, 0.1], dtype=torch.float64, requires_grad=True)
    loss, optimizer = QuantumRelativeEntropyLoss(), torch.optim.Adam([angles], lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        value = loss(qdl.density(circuit, {"theta": angles}, engine="density"), target)
        value.backward()
        optimizer.step()
    assert value < 1e-3
    assert partial_trace(target, 0).shape == (2, 2)
