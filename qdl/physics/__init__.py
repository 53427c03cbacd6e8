"""Formulas, samplers and closed-form kernels, as PHYSICS.md lists them."""

from __future__ import annotations

from qdl.physics.detector import detector_sine, detector_sine_reference

__all__ = ["detector_sine", "detector_sine_reference"]
