"""Two hundred wires, of which whoever reads one sees a handful."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import qdl
from qdl.ir import Circuit, Param, Z
from tests import oracle
from tests.checks import distance
from tests.run.common import leaves


class TestCausalCone:
    """Acceptance 6: 200 wires, of which a reader of one sees a handful."""

    WIRES = 200

    def brick(self) -> tuple[Circuit, dict[str, Tensor]]:
        wires, depth = self.WIRES, 3
        w = Param("w", 3 * wires * depth)
        made, angles = Circuit(wires), iter(w)
        for layer in range(depth):
            for wire in range(wires):
                made.ry(next(angles), wire).rz(next(angles), wire)
            for wire in range(layer % 2, wires - 1, 2):
                made.rxx(next(angles), wire, wire + 1).cx(wire + 1, wire)
        draw = torch.Generator().manual_seed(0)
        return made, {"w": torch.rand(w.size, generator=draw, dtype=torch.float64).requires_grad_()}

    def cone(self, made: Circuit, wire: int) -> tuple[Circuit, int]:
        """The part of the circuit that can reach one wire, on its own wires, found by walking backward."""
        reached, kept = {wire}, []
        for op in reversed(made.operations):
            if reached & set(op.wires):
                reached |= set(op.wires)
                kept.append(op)
        place = {w: i for i, w in enumerate(sorted(reached))}
        small = Circuit(len(place))
        for op in reversed(kept):
            small.gate(op.gate, *op.angles, *(place[w] for w in op.wires))
        return small, place[wire]

    def test_every_wire_equals_the_oracle_on_its_cone(self) -> None:
        made, given = self.brick()
        out = qdl.expval(made, [Z(wire) for wire in range(self.WIRES)], given)
        weights = torch.linspace(-1, 1, self.WIRES, dtype=torch.float64)
        (found,) = torch.autograd.grad(out, given["w"], weights)
        expected = torch.zeros_like(found)
        for wire in range(self.WIRES):
            small, place = self.cone(made, wire)
            assert small.wires <= 6
            plain = {"w": given["w"].detach().numpy()}
            assert out[wire].item() == pytest.approx(oracle.expval(small, [Z(place)], plain)[0], abs=1e-12)
            where = leaves({"w": given["w"].detach()})
            value = qdl.expval(small, Z(place), where, grad="autograd")
            expected += weights[wire] * torch.autograd.grad(value, where["w"])[0]
        assert distance(found, expected) < 1e-12
