"""Gradients of expectation values for Qiskit Machine Learning, by the adjoint method."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from qiskit.circuit import Parameter, QuantumCircuit
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.providers import Options
from qiskit_machine_learning.gradients import BaseEstimatorGradient, DerivativeType, EstimatorGradientResult

from qdl.adapters.qiskit import labels, settings
from qdl.adapters.qiskit.estimator import Estimator
from qdl.adapters.qiskit.labels import Key
from qdl.adapters.qiskit.settings import Plans
from qdl.adapters.qiskit.translate import Template, translated
from qdl.engine.remote import Real
from qdl.errors import UnsupportedError
from qdl.run.words import Words


class EstimatorGradient(BaseEstimatorGradient):
    """Exact gradients in one sweep back through each circuit, whatever the number of Parameters.

    To be handed to an ``EstimatorQNN`` as its ``gradient``, in place of the parameter shift rule, which needs two
    circuits for each Parameter and knows few gates.

    Parameters
    ----------
    estimator : Estimator
        Its engine, noise and device are those of the gradients; its shots are not.
    """

    def __init__(self, estimator: Estimator, derivative_type: DerivativeType = DerivativeType.REAL) -> None:
        if not isinstance(estimator, Estimator):
            got = type(estimator).__name__
            raise UnsupportedError("the gradient goes with qdl's Estimator", got=got, do="use qdl.adapters.qiskit's")
        if derivative_type != DerivativeType.REAL:
            raise UnsupportedError("the gradient is that of an expectation value", got=derivative_type, expected="REAL")
        super().__init__(estimator)
        self._plans = Plans()

    def _run(
        self,
        circuits: Sequence[QuantumCircuit],
        observables: Sequence[Any],
        parameter_values: Sequence[Sequence[float]] | np.ndarray,
        parameters: Sequence[Sequence[Parameter]],
        **options: Any,
    ) -> EstimatorGradientResult:
        groups: dict[tuple[int, int], list[int]] = {}
        for number, (circuit, observable) in enumerate(zip(circuits, observables, strict=True)):
            groups.setdefault((id(circuit), id(observable)), []).append(number)
        found: list[Any] = [None] * len(circuits)
        for numbers in groups.values():
            circuit = circuits[numbers[0]]
            key = labels.key(ObservablesArray.coerce(observables[numbers[0]])[()])
            slopes = self._slopes(circuit, key, np.array([parameter_values[k] for k in numbers], dtype=float))
            order = {parameter: k for k, parameter in enumerate(circuit.parameters)}
            for number, row in zip(numbers, slopes, strict=True):
                found[number] = row[[order[parameter] for parameter in parameters[number]]]
        return EstimatorGradientResult(
            gradients=found,
            metadata=[{"parameters": wanted} for wanted in parameters],
            options=Options(**options),
        )

    def _slopes(self, circuit: QuantumCircuit, key: Key, rows: Real) -> Real:
        """The derivatives with respect to all Parameters at some rows, (n_rows, n_parameters)."""
        template = translated(circuit).template
        if not rows.size:
            return np.zeros(rows.shape)
        plan = self._plans.get((template, key), partial(self._planned, template, key))
        leaf = torch.from_numpy(rows).requires_grad_()
        values = template.spread(torch.nn.functional.pad(leaf, (0, 1)))
        with settings.RUNNING, torch.enable_grad():
            total = plan(values).sum()
            slopes = torch.autograd.grad(total, leaf)[0] if total.requires_grad else torch.zeros_like(leaf)
        return np.asarray(slopes.detach().cpu().numpy())

    def _planned(self, template: Template, key: Key) -> Words:
        options = self._estimator.settings.options(template.circuit, None)
        return Words(template.circuit, labels.observable(key), options)
