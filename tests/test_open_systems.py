"""Engines that carry noise, measurement and feedback, each through the same battery."""

from __future__ import annotations

from random import Random

import pytest
import torch

import qdl
from qdl.errors import QdlError
from qdl.ir import Circuit, Z
from tests.checks import cotangent
from tests.open_systems import NoisyConformance
from tests.strategies import case, noisy_case


class TestDensity(NoisyConformance):
    engine = "density"


class TestTrajectory(NoisyConformance):
    engine = "trajectory:400"
    exact = False


class TestState(NoisyConformance):
    """Without noise: measurement deferred, wires reset."""

    engine = "state"
    channels = ("reset",)
    most_wires = 3


class TestAer(NoisyConformance):
    """Aer's density matrices, one job for a batch; what depends on measured bits it samples."""

    engine = "aer"
    bound = 1e-8
    feedback = False
    densities = False
    seeds = range(24)
    most_wires = 3
    comparisons = 80

    def test_what_it_only_samples_is_refused_without_shots(self) -> None:
        made = Circuit(2).h(0).measure(0, "m")
        with made.if_("m", 1):
            made.x(1)
        with pytest.raises(QdlError, match="shots"):
            qdl.expval(made, Z(1), engine="aer")
        assert abs(qdl.expval(made, Z(1), engine="aer", shots=4000, seed=1)) < 4 / 4000**0.5


@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
def test_pure_states_by_aers_other_methods(method: str) -> None:
    for seed in range(12):
        made = case(Random(seed), 3, 10, batches=[(), (3,)], prepared=False)
        right = qdl.expval(made.circuit, made.observables, made.all(), dtype=torch.float64)
        found = qdl.expval(made.circuit, made.observables, made.all(), engine=f"aer:{method}", dtype=torch.float64)
        assert (found - right).abs().max() < 1e-8, f"circuit of seed {seed}"


def test_gradients_through_aer_are_those_of_density_matrices() -> None:
    for seed in range(12):
        made = noisy_case(Random(seed), 2, 8, batches=[(), (2,)])
        found = []
        for engine in ("density", "aer"):
            given = {name: value.clone().requires_grad_() for name, value in made.all().items()}
            if not given:
                continue
            out = qdl.expval(made.circuit, made.observables, given, engine=engine, dtype=torch.float64)
            found.append(torch.autograd.grad(out, list(given.values()), cotangent(out, 3), allow_unused=True))
        for one, other in zip(*found, strict=True) if found else ():
            assert (one is None) == (other is None)
            assert one is None or (one - other).abs().max() < 1e-7, f"circuit of seed {seed}"
