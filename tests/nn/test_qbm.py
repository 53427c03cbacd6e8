"""The quantum Boltzmann machine against matrices of PennyLane's operators, and in training."""

from __future__ import annotations

from itertools import product

import networkx as nx
import numpy as np
import pennylane as qml
import pytest
import scipy.linalg
import torch
from torch import Tensor

from qdl.errors import QdlError, UnsupportedError, ValuesError
from qdl.nn import QBM

DOUBLE = torch.float64


def machine(visible: int = 2, hidden: int = 2, seed: int = 0, **options: object) -> QBM:
    torch.manual_seed(seed)
    qbm = QBM(visible, hidden, dtype=DOUBLE, **options)
    with torch.no_grad():
        for parameter in qbm.parameters():
            parameter.normal_()
    return qbm


def spins(count: int) -> Tensor:
    return torch.tensor(list(product((1.0, -1.0), repeat=count)), dtype=DOUBLE)


def hamiltonian(qbm: QBM) -> np.ndarray:
    """By PennyLane's words, in its order of wires."""
    n = qbm.visible + qbm.hidden
    G, b, w = (p.tolist() for p in (qbm.transverse, qbm.bias, qbm.weight))
    words = [-G[i] * qml.X(i) for i in range(n)] + [-b[i] * qml.Z(i) for i in range(n)]
    words += [-w[k] * qml.Z(i) @ qml.Z(j) for k, (i, j) in enumerate(qbm.edges)]
    return qml.matrix(qml.sum(*words), wire_order=range(n)).real


ODD = nx.Graph([(3, 0), (1, 3), (2, 1)])
GRAPHS = pytest.mark.parametrize("graph", [None, ODD], ids=["all to all", "odd"])


@GRAPHS
def test_it_is_the_thermal_state_of_its_hamiltonian(graph: nx.Graph | None) -> None:
    qbm = machine(graph=graph)
    H = hamiltonian(qbm)
    rho = scipy.linalg.expm(-H)
    Z = np.trace(rho)
    p = torch.as_tensor(np.diagonal(rho / Z).reshape(4, 4).sum(1).copy())
    torch.testing.assert_close(qbm.probabilities(), p)
    torch.testing.assert_close(qbm.log_likelihood(spins(2)), p.log())
    assert float(qbm.log_partition().detach()) == pytest.approx(np.log(Z))


@GRAPHS
def test_held_visible_spins_leave_the_hidden_ones_a_hamiltonian(graph: nx.Graph | None) -> None:
    """H_v = <v|H|v>: the visible transverse fields are gone, the couplings have become fields."""
    qbm = machine(graph=graph)
    H = hamiltonian(qbm).reshape(4, 4, 4, 4)
    Z = [np.diag(np.kron(*pair)) for pair in (([1, -1], [1, 1]), ([1, 1], [1, -1]))]
    F, means = [], []
    for k in range(4):
        weight = scipy.linalg.expm(-H[k, :, k, :])
        F.append(-np.log(np.trace(weight)))
        means.append([np.trace(weight @ z) / np.trace(weight) for z in Z])
    torch.testing.assert_close(qbm.free_energy(spins(2)), torch.tensor(F, dtype=DOUBLE))
    torch.testing.assert_close(qbm(spins(2)), torch.tensor(means, dtype=DOUBLE))
    bound = -torch.tensor(F, dtype=DOUBLE) - qbm.log_partition()
    torch.testing.assert_close(qbm.log_likelihood_bound(spins(2)), bound)


def test_without_hidden_spins_the_bound_is_the_classical_energy() -> None:
    qbm = machine(3, 0)
    v = spins(3)
    energy = -v @ qbm.bias - sum(w * v[:, i] * v[:, j] for w, (i, j) in zip(qbm.weight, qbm.edges, strict=True))
    torch.testing.assert_close(qbm.free_energy(v), energy)
    assert bool((qbm.log_likelihood_bound(v) < qbm.log_likelihood(v)).all())
    with pytest.raises(UnsupportedError, match="no hidden spin"):
        qbm(v)


def test_samples_follow_the_law_and_the_seed() -> None:
    qbm = machine(3, 1)
    p = qbm.probabilities().detach()
    for seed in range(5):
        v = qbm.sample(20_000, seed=seed)
        assert torch.equal(v, qbm.sample(20_000, seed=seed))
        counts = torch.bincount(((1 - v) / 2 @ torch.tensor([4.0, 2.0, 1.0], dtype=DOUBLE)).long(), minlength=8)
        chi2 = ((counts - 20_000 * p).square() / (20_000 * p)).sum()
        assert float(chi2) < 30, seed  # exceeded by 1 in 10 000


@pytest.mark.parametrize("loss", ["log_likelihood", "log_likelihood_bound"])
def test_it_learns_the_law_of_another(loss: str) -> None:
    """KL from a machine that is drawn at random; by the bound the transverse field of the visible spins goes to 0."""
    teacher = machine(3, 1, seed=5)
    v, p = spins(3), teacher.probabilities().detach()
    torch.manual_seed(0)
    qbm = QBM(3, 1, dtype=DOUBLE)
    optimizer = torch.optim.Adam(qbm.parameters(), lr=0.1)
    for _ in range(120):
        optimizer.zero_grad()
        (-p @ getattr(qbm, loss)(v)).backward()
        optimizer.step()
    kl = p @ (p.log() - qbm.log_likelihood(v).detach())
    assert float(kl) < 0.01
    if loss == "log_likelihood_bound":
        assert float(qbm.transverse[:3].detach().abs().max()) < 0.1


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 2), {}, "visible"),
        ((2, -1), {}, "hidden"),
        ((2, 2), {"graph": nx.path_graph(5)}, "does not fit the units"),
        ((2, 2), {"graph": nx.Graph([("a", "b")])}, "does not fit the units"),
        ((2, 2), {"graph": nx.Graph([(1, 1)])}, "does not fit the units"),
        ((2, 2), {"graph": nx.DiGraph([(0, 1)])}, "no graph"),
        ((2, 2), {"graph": [(0, 1)]}, "no graph"),
        ((2, 2), {"dtype": torch.float16}, "precision"),
        ((2, 2), {"transverse": "strong"}, "transverse field"),
        ((2, 2), {"transverse": float("nan")}, "transverse field"),
    ],
)
def test_bad_arguments_are_refused(arguments: tuple[int, int], options: dict[str, object], message: str) -> None:
    with pytest.raises(QdlError, match=message):
        QBM(*arguments, **options)


@pytest.mark.parametrize("transverse", [0.0, 0.4])
def test_what_hardly_ever_happens_has_a_likelihood_in_single_precision(transverse: float) -> None:
    single, exact = QBM(2, 1, transverse=transverse), QBM(2, 1, transverse=transverse, dtype=DOUBLE)
    with torch.no_grad():
        single.bias.fill_(60.0)
        single.weight.fill_(0.25)
        for one, other in zip(exact.parameters(), single.parameters(), strict=True):
            one.copy_(other)
    never = -torch.ones(1, 2)
    found, wanted = single.log_likelihood(never), exact.log_likelihood(never.double())
    torch.testing.assert_close(found, wanted.float())
    by = [torch.autograd.grad(value.sum(), (of.bias, of.weight)) for value, of in ((found, single), (wanted, exact))]
    for one, other in zip(*by, strict=True):
        torch.testing.assert_close(one, other.float(), atol=1e-5, rtol=1e-4)
    if not transverse:
        torch.testing.assert_close(found, single.log_likelihood_bound(never))


def test_bad_inputs_and_too_many_spins_are_refused() -> None:
    qbm = machine()
    with pytest.raises(ValuesError, match="-1 and 1 only"):
        qbm.log_likelihood(torch.zeros(2, 2, dtype=DOUBLE))
    with pytest.raises(ValuesError, match="numbers between 0 and 2"):
        qbm(torch.tensor([[0.0, 2.0]], dtype=DOUBLE))
    large = QBM(11, 2)
    with pytest.raises(UnsupportedError, match="at most 12 qubits"):
        large.log_partition()
    assert large(torch.ones(3, 11)).shape == (3, 2)  # the hidden ones alone are few
