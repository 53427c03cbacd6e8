"""The laws of Boltzmann machines against sums over all states, written out anew."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from qdl.errors import UnsupportedError
from qdl.physics.thermal.annealing import annealed_log_partition
from qdl.physics.thermal.ising import Ising
from qdl.physics.thermal.restricted import Restricted
from qdl.physics.thermal.units import UNITS

VALUES = {"binary": (0.0, 1.0), "spin": (-1.0, 1.0)}


def law(values: str, visible: int = 4, hidden: int = 3, seed: int = 0, size: float = 0.8) -> Restricted:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((hidden, visible), (visible,), (hidden,))
    parts = [size * torch.randn(shape, dtype=torch.float64, generator=generator) for shape in shapes]
    return Restricted(*parts, UNITS[values])


def states(values: str, count: int) -> Tensor:
    return torch.tensor(list(product(VALUES[values], repeat=count)), dtype=torch.float64)


def energies(machine: Restricted, values: str) -> Tensor:
    """E of all pairs of states, one term after the other."""
    found = []
    for v in states(values, machine.weight.shape[1]):
        for h in states(values, machine.weight.shape[0]):
            E = -sum(b * x for b, x in zip(machine.visible_bias, v, strict=True))
            E -= sum(c * y for c, y in zip(machine.hidden_bias, h, strict=True))
            E -= sum(machine.weight[j, i] * h[j] * v[i] for j in range(len(h)) for i in range(len(v)))
            found.append(E)
    return torch.stack(found).reshape(2 ** machine.weight.shape[1], -1)


@pytest.mark.parametrize("values", VALUES)
def test_energies_and_their_sums(values: str) -> None:
    machine = law(values)
    E = energies(machine, values)
    v, h = states(values, 4), states(values, 3)
    torch.testing.assert_close(machine.energy(v[:, None], h), E)
    torch.testing.assert_close(machine.free_energy(v), -(-E).logsumexp(1))
    torch.testing.assert_close(machine.log_partition(), (-E).flatten().logsumexp(0))
    torch.testing.assert_close(machine.transposed().free_energy(h), -(-E).logsumexp(0))


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("sizes", [(2, 17), (17, 2), (17, 17)])
def test_the_smaller_side_is_enumerated_in_pieces(values: str, sizes: tuple[int, int]) -> None:
    """17 units take two pieces. Without couplings ln Z is that of single units."""
    machine = law(values, *sizes)._replace(weight=torch.zeros(sizes[1], sizes[0], dtype=torch.float64))
    biases = torch.cat([machine.visible_bias, machine.hidden_bias])
    low, high = VALUES[values]
    expected = torch.logaddexp(low * biases, high * biases).sum()
    torch.testing.assert_close(machine.log_partition(), expected)


def test_two_large_sides_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="annealed_log_partition"):
        law("binary", 21, 22).log_partition()


@pytest.mark.parametrize("values", VALUES)
def test_units_in_a_field(values: str) -> None:
    field = torch.tensor([-60.0, -21.0, -0.7, 0.0, 1.3, 21.0, 60.0], dtype=torch.float64, requires_grad=True)
    low, high = VALUES[values]
    log_sum = UNITS[values].log_sum(field)
    torch.testing.assert_close(log_sum, torch.logaddexp(low * field, high * field), atol=1e-15, rtol=1e-15)
    (slope,) = torch.autograd.grad(log_sum.sum(), field)
    torch.testing.assert_close(slope, UNITS[values].mean(field), atol=1e-15, rtol=1e-14)
    torch.testing.assert_close(UNITS[values].field(UNITS[values].mean(field[2:5])), field[2:5])
    assert gradcheck(UNITS[values].log_sum, (field[2:5].detach().requires_grad_(),))
    assert gradgradcheck(UNITS[values].log_sum, (field[2:5].detach().requires_grad_(),))


@pytest.mark.parametrize("values", VALUES)
def test_pseudo_likelihood_is_the_sum_of_conditionals(values: str) -> None:
    machine = law(values)
    v = states(values, 4)
    log_p = -machine.free_energy(v)
    expected = torch.zeros(len(v), dtype=torch.float64)
    for i in range(4):
        flipped = v.clone()
        flipped[:, i] = sum(VALUES[values]) - flipped[:, i]
        expected += log_p - torch.logaddexp(log_p, -machine.free_energy(flipped))
    torch.testing.assert_close(machine.pseudo_log_likelihood(v), expected)


@pytest.mark.parametrize("values", VALUES)
def test_the_other_alphabet_is_the_same_law(values: str) -> None:
    machine = law(values)
    other = next(name for name in VALUES if name != values)
    turned, above = machine.converted(other)
    torch.testing.assert_close(energies(turned, other), energies(machine, values) + above)
    back, below = turned.converted(values)
    for one, two in zip(back[:3], machine[:3], strict=True):
        torch.testing.assert_close(one, two)
    torch.testing.assert_close(below, -above)
    assert machine.converted(values)[0] is machine


@pytest.mark.parametrize("values", VALUES)
def test_block_gibbs_steps_leave_the_law_as_it_is(values: str) -> None:
    """40 000 chains that start in equilibrium are in equilibrium after a step: 5 seeds, chi^2 of 15 degrees."""
    machine = law(values)
    v = states(values, 4)
    p = torch.softmax(-machine.free_energy(v), 0)
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        start = v[torch.multinomial(p, 40_000, replacement=True, generator=generator)]
        end = machine.gibbs(start, 1, generator)
        places = 2 ** torch.arange(3, -1, -1)
        index = ((end > sum(VALUES[values]) / 2) * places).sum(-1)
        counts = torch.bincount(index, minlength=16)
        chi2 = ((counts - 40_000 * p).square() / (40_000 * p)).sum()
        assert float(chi2) < 45, seed  # exceeded by 1 in 10 000


@pytest.mark.parametrize("values", VALUES)
def test_annealing_says_how_wrong_it_is(values: str) -> None:
    """A short annealing: errors as large as said, 20 seeds; the first law does not matter."""
    machine = law(values, 6, 5, size=1.0 if values == "binary" else 0.5)
    truth = machine.log_partition()
    for start in (None, torch.zeros(6, dtype=torch.float64)):
        scores = []
        for seed in range(20):
            generator = torch.Generator().manual_seed(seed)
            value, error = annealed_log_partition(machine, 200, 10, generator, start)
            scores.append((value - truth) / error)
        spread = torch.stack(scores).square().mean().sqrt()
        assert 0.5 < float(spread) < 1.7


def test_the_classical_energies_are_the_diagonal_of_the_quantum_matrix() -> None:
    bias = torch.randn(2, 3, dtype=torch.float64)
    weight, edges = torch.randn(2, dtype=torch.float64), [(0, 2), (1, 2)]
    classical = Ising(None, bias, weight, edges)
    quantum = Ising(torch.full((3,), 0.5, dtype=torch.float64), bias, weight, edges).hamiltonian()
    torch.testing.assert_close(quantum.diagonal(dim1=-2, dim2=-1), classical.energies())
    torch.testing.assert_close(torch.diag_embed(classical.energies()), classical.hamiltonian())
    expected = torch.linalg.eigvalsh(-quantum).logsumexp(-1)
    torch.testing.assert_close(Ising(quantum.new_full((3,), 0.5), bias, weight, edges).log_partition(), expected)


@pytest.mark.parametrize(("transverse", "most"), [(None, 20), (1.0, 12)])
def test_too_many_spins_are_refused(transverse: float | None, most: int) -> None:
    field = None if transverse is None else torch.full((most + 1,), transverse)
    with pytest.raises(UnsupportedError, match=f"at most {most}"):
        Ising(field, torch.zeros(most + 1), torch.zeros(0), []).log_partition()
