"""Engines that carry noise, measurement and feedback, each through the same battery."""

from __future__ import annotations

from tests.open_systems import NoisyConformance


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
