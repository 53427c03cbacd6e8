"""What goes in and comes out: batch dimensions, empty batches, observables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import qdl
from qdl.ir import Circuit, Hermitian, I, Observable, Param, X, Y, Z
from tests import oracle
from tests.checks import distance
from tests.run.common import MATRIX, OBSERVABLES, circuit, gradients, leaves, values


class TestShapes:
    @pytest.mark.parametrize(
        ("a", "b", "batch"),
        [
            ((), (), ()),
            ((1,), (), (1,)),
            ((), (1,), (1,)),
            ((4,), (), (4,)),
            ((3,), (2, 1), (2, 3)),
            ((128,), (5, 1), (5, 128)),
            ((2, 1, 3), (4, 1), (2, 4, 3)),
            ((1, 1), (1,), (1, 1)),
        ],
    )
    def test_batches_broadcast_like_arrays(self, a: tuple, b: tuple, batch: tuple) -> None:
        draw = np.random.default_rng(1)
        given = {"x": draw.normal(size=(*a, 2)), "theta": draw.normal(size=(*b, 3))}
        made = circuit()
        found = qdl.expval(made, OBSERVABLES, given, dtype=torch.float64)
        assert found.shape == (*batch, 4)
        assert distance(found, oracle.expval(made, OBSERVABLES, given)) < 1e-12
        state, probs = qdl.state(made, given, dtype=torch.float64), qdl.probs(made, given, [2, 0], dtype=torch.float64)
        assert distance(state, oracle.states(made, given)) < 1e-12
        assert distance(probs, oracle.probs(oracle.states(made, given), [2, 0])) < 1e-12

    def test_one_bare_observable_has_no_axis_of_its_own(self) -> None:
        given = values(4)
        one, listed = (qdl.expval(circuit(), o, given) for o in (Z(0), [Z(0)]))
        assert one.shape == (4,)
        assert listed.shape == (4, 1)
        assert qdl.var(circuit(), Z(0), values()).shape == ()

    def test_a_batch_of_one_keeps_its_axis(self) -> None:
        given = leaves(values(1))
        assert qdl.sample(circuit(), given, shots=5).shape == (1, 5, 3)
        assert len(qdl.counts(circuit(), given, shots=5)) == 1
        out = qdl.expval(circuit(), OBSERVABLES, given)
        single = leaves({"theta": given["theta"].detach(), "x": given["x"].detach()[0]})
        alone = qdl.expval(circuit(), OBSERVABLES, single)
        assert distance(out.detach()[0], alone.detach()) < 1e-14
        assert distance(gradients(out, given), gradients(alone, single)) < 1e-13

    @pytest.mark.parametrize("batch", [(0,), (3, 0), (0, 2)])
    def test_a_batch_of_zero_has_results_and_gradients(self, batch: tuple) -> None:
        given, made = leaves(values(*batch)), circuit()
        assert qdl.state(made, given).shape == (*batch, 8)
        assert qdl.probs(made, given, [1]).shape == (*batch, 2)
        assert qdl.density(made, given, [1, 0]).shape == (*batch, 4, 4)
        assert qdl.sample(made, given, shots=7).shape == (*batch, 7, 3)
        assert qdl.counts(made, given, shots=7) == []
        for options in ({}, {"grad": "autograd"}, {"grad": "shift"}, {"shots": 5}):
            out = qdl.expval(made, OBSERVABLES, given, **options)
            assert out.shape == (*batch, 4)
            assert out.dtype == torch.float64
            assert not gradients(out, given).any()

    def test_observables_without_terms_are_zero_and_keep_their_place(self) -> None:
        nothing = Z(0) - Z(0)
        given = values(2)
        found = qdl.expval(circuit(), [Z(0) + X(1), nothing, I()], given)
        assert distance(found, oracle.expval(circuit(), [Z(0) + X(1), nothing, I()], given)) < 1e-12
        assert not qdl.expval(circuit(), nothing, given).any()
        assert not qdl.expval(circuit(), nothing, given, shots=3).any()

    def test_observables_may_come_from_a_generator(self) -> None:
        made = circuit(0.71)
        found = qdl.expval(made, (Z(wire) for wire in range(3)), values(2))
        assert distance(found, oracle.expval(made, [Z(0), Z(1), Z(2)], values(2))) < 1e-12

    def test_density_is_the_partial_trace(self) -> None:
        made, given = circuit(), values(2, 2)
        psi = oracle.states(made, given).reshape(2, 2, 2, 2, 2)
        expected = np.einsum("...abc,...dbf->...cafd", psi, psi.conj()).reshape(2, 2, 4, 4)
        assert distance(qdl.density(made, given, wires=[2, 0]), expected) < 1e-12
        assert qdl.density(made, given).shape == (2, 2, 8, 8)

    @pytest.mark.parametrize("made", [Circuit(2), Circuit(2).gphase(0.7), Circuit(2).id(1)])
    def test_circuits_that_do_nothing(self, made: Circuit) -> None:
        assert distance(qdl.state(made, dtype=torch.float64), oracle.states(made, {})) < 1e-15
        assert qdl.expval(made, [Z(1), X(0)]).tolist() == [1, 0]
        assert qdl.counts(made, shots=3) == {"00": 3}


def test_observables_are_what_they_are_written_as() -> None:
    psi = np.random.default_rng(0).normal(size=8) + 0j
    g = Param("g", 1)
    written: list[tuple[Observable, Any]] = [
        (2 * X(0) @ Y(1) - Z(2) / 4, 2 * oracle.word("XYI") - oracle.word("IIZ") / 4),
        (X(0) @ X(0) @ Z(1), oracle.word("IZI")),
        ((X(0) + Z(1)) @ (X(0) - Z(1)), np.zeros((8, 8))),
        (1j * (X(2) @ Y(2)) @ Z(0), -oracle.word("ZIZ")),
        (qdl.N(1) @ qdl.N(2), np.kron(np.eye(2), np.diag([0, 0, 0, 1]))),
        (g[0] * Y(1) + 3, 0.5 * oracle.word("IYI") + 3 * np.eye(8)),
        (Hermitian(MATRIX, 2) @ X(0), np.kron(oracle.word("XI"), MATRIX)),
        (sum(Z(i) for i in range(3)), oracle.word("ZII") + oracle.word("IZI") + oracle.word("IIZ")),
    ]
    made = Circuit(3).prepare(psi.real.tolist(), (0, 1, 2)).rx(0.3, 1)
    values = {"g": torch.tensor([0.5], dtype=torch.float64)}
    for observable, matrix in written:
        assert distance(oracle.operator(observable, 3, values), matrix) < 1e-15
        state = oracle.states(made, {})
        given = values if "g" in repr(observable) else {}
        found = qdl.expval(made, observable, given, dtype=torch.float64)
        assert found.item() == pytest.approx(np.vdot(state, matrix @ state).real, abs=1e-12)
