"""The data that layers are compared on."""

from __future__ import annotations

import pytest
import torch

from qdl.lab.tasks import MOST, SPIN_SAMPLES, SPIN_SIDE, TASKS, open_task


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_the_same_each_time(name):
    first, second = open_task.__wrapped__(name), open_task(name)
    for one, other in zip(first[1:4], second[1:4], strict=True):
        torch.testing.assert_close(tuple(one), tuple(other), rtol=0, atol=0)


@pytest.mark.parametrize("name", TASKS)
def test_inputs_are_numbers_between_0_and_1(name):
    task = open_task(name)
    for part in task[1:4]:
        assert part.inputs.dtype == torch.float32
        assert ((part.inputs >= 0) & (part.inputs <= 1)).all()
        assert set(part.labels.tolist()) == set(range(task.classes))
    assert 0 < len(task.training.labels) <= MOST


@pytest.mark.parametrize("name", ["digits", "breast cancer", "rings"])  # the others hold equal samples
def test_no_input_is_in_two_parts(name):
    task = open_task(name)
    seen = [{tuple(row.tolist()) for row in part.inputs.flatten(1)} for part in task[1:4]]
    assert sum(map(len, seen)) == len(set().union(*seen))


@pytest.mark.parametrize(("name", "inputs"), [("digits", 1797), ("iris", 150), ("wine", 178), ("Ising", SPIN_SAMPLES)])
def test_every_input_of_the_source_is_used_at_most_once(name, inputs):
    sizes = [len(part.labels) for part in open_task(name)[1:4]]
    assert sum(sizes) == inputs or (sizes[0] == MOST and sum(sizes) < inputs)


@pytest.fixture(scope="module")
def spins():
    """Those of both temperatures, -1 and 1."""
    images, labels = TASKS["Ising"]()
    return [2 * images[labels == label, 0].double() - 1 for label in (0, 1)]


def exact_energy(temperature: float, side: int) -> float:
    """Energy per spin of the periodic lattice, from the transfer matrix of its rows."""
    rows = 1.0 - 2 * (torch.arange(2**side)[:, None] >> torch.arange(side) & 1).double()
    coupling = torch.tensor(1 / temperature, dtype=torch.float64, requires_grad=True)
    along = (rows * rows.roll(1, 1)).sum(1)
    matrix = torch.exp(coupling * (rows @ rows.T + (along[:, None] + along) / 2))
    scale = matrix.detach().max()  # a constant, against overflow
    log_z = torch.linalg.matrix_power(matrix / scale, side).trace().log()
    (slope,) = torch.autograd.grad(log_z, coupling)
    return -slope.item() / side**2


@pytest.mark.parametrize(("label", "temperature"), [(0, 2.0), (1, 2.6)])
def test_spins_have_the_energy_of_their_temperature(spins, label, temperature):
    s = spins[label]
    assert torch.equal(s.abs(), torch.ones_like(s))
    energy = -(s * (s.roll(1, 1) + s.roll(1, 2))).mean((1, 2))
    error = (energy.std() / len(energy) ** 0.5).item()
    assert energy.mean().item() == pytest.approx(exact_energy(temperature, SPIN_SIDE), abs=4 * error)


def test_spins_are_ordered_below_the_critical_temperature_and_not_above(spins):
    cold, hot = (s.mean((1, 2)) for s in spins)
    assert cold.abs().mean() > 0.8
    assert hot.abs().mean() < 0.6
    assert abs((cold > 0).float().mean() - 0.5) < 0.1  # either sign
