"""What the cost model chooses by size, and that its predictions grow with the work. No test here takes a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdl.ir import Circuit, Param, X
from qdl.plan import Choice, Part, Planner
from qdl.plan.cost import MACHINE, TILES, Machine

KERNELS = TILES


def layered(wires: int, layers: int, encode: bool = False) -> Circuit:
    x, w = Param("x", wires), Param("w", 2 * wires * layers)
    made, k = Circuit(wires), 0
    for wire in range(wires):
        if encode:
            made.ry(x[wire], wire)
    for _ in range(layers):
        for wire in range(wires):
            made.ry(w[k], wire).rz(w[k + 1], wire)
            k += 2
        for wire in range(wires):
            made.cx(wire, (wire + 1) % wires)
    return made


def part(made: Circuit, batch: int = 1, machine: Machine = KERNELS, choice: Choice | None = None) -> Part:
    words = [word for wire in range(made.wires) for word in X(wire).terms]
    (found,) = Planner(made.elementary(), frozenset("x"), batch, choice, machine).words(words).parts
    return found


@pytest.mark.parametrize("batch", [1_000, 6_272, 100_000])
@pytest.mark.parametrize("wires", [2, 3])
def test_a_narrow_circuit_on_a_large_batch_is_one_matrix(wires: int, batch: int) -> None:
    found = part(layered(wires, 2, encode=True), batch)
    assert not found.tiled
    assert len(found.blocks) == 1


@pytest.mark.parametrize(("wires", "batch"), [(6, 10_000), (8, 256), (9, 2704), (10, 128), (12, 1), (16, 1), (20, 1)])
def test_a_wide_circuit_is_done_in_tiles(wires: int, batch: int) -> None:
    assert part(layered(wires, 4, encode=True), batch).tiled


def test_without_kernels_nothing_is_done_in_tiles() -> None:
    for wires in (2, 8, 16):
        assert not part(layered(wires, 2), machine=MACHINE).tiled


def test_what_is_forced_is_done() -> None:
    made = layered(9, 2)
    assert not part(made, choice=Choice("windows")).tiled
    assert part(made, choice=Choice("tiles", 2)).tiled
    assert max(len(b.positions) for b in part(made, choice=Choice("windows", 5)).blocks) == 5


def test_slower_kernels_are_used_less() -> None:
    slow = replace(KERNELS, acts=(1e-8,) * 3, backs=(3e-8,) * 3)
    assert part(layered(9, 4, encode=True), 2704).tiled
    assert not part(layered(9, 4, encode=True), 2704, slow).tiled


def test_wide_matrices_wait_for_a_machine_that_is_quick_at_them() -> None:
    made = layered(12, 6)
    dear = replace(MACHINE, products=(1e10,) * 8)
    cheap = replace(MACHINE, products=tuple(1e10 * 2**k for k in range(1, 9)))
    widths = [max(len(b.positions) for b in part(made, machine=m).blocks) for m in (dear, cheap)]
    assert widths[0] < widths[1]


@pytest.mark.parametrize("strategy", ["windows", "tiles"])
def test_more_work_is_predicted_to_take_longer(strategy: str) -> None:
    choice = Choice(strategy, 2)

    def seconds(wires: int, layers: int, batch: int, machine: Machine = KERNELS) -> float:
        return part(layered(wires, layers, encode=True), batch, machine, choice).seconds.total

    assert seconds(8, 4, 100) < seconds(8, 8, 100) < seconds(8, 8, 10_000) < seconds(12, 8, 10_000)
    two = replace(KERNELS, threads=2)
    assert 0.5 < seconds(10, 8, 10_000, two) / seconds(10, 8, 10_000) < 0.6, "large work is shared by threads"
    assert seconds(2, 1, 1, two) / seconds(2, 1, 1) > 0.95, "calls are not"


def test_every_choice_is_remembered_with_its_time() -> None:
    found = part(layered(6, 2, encode=True), 100)
    assert {(one.tiled, one.width) for one in found.considered} == {
        *((False, width) for width in range(1, 7)),
        (True, 2),
        (True, 3),
    }
    assert found.seconds.total == min(one.seconds for one in found.considered)


@pytest.mark.parametrize(("wires", "batch"), [(2, 1), (3, 1000), (5, 1), (5, 8)])
def test_states_that_do_not_fill_the_lanes_are_not_done_in_tiles(wires: int, batch: int) -> None:
    assert not part(layered(wires, 4, encode=True), batch).tiled
