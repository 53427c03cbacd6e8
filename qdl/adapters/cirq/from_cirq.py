"""Cirq's circuits as qdl's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from qdl.adapters.cirq.symbols import Symbols, from_sympy, half_turns, params, symbol
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir.bits import MOST_BITS, Condition
from qdl.ir.circuit import Circuit
from qdl.ir.gates import TABLE, Step, controlled, unitary
from qdl.ir.params import Angle, Param

_DENSE = 6  # wires of a gate that is taken as its matrix
_PI = np.pi


def from_cirq(circuit: Any, qubits: Sequence[Any] | None = None) -> Circuit:
    """Read a ``cirq.Circuit`` of qubits.

    Symbols ``theta_0 ... theta_k`` become one Param, every other symbol a Param of size 1; tags of the circuit that are
    Params go first. A measurement of several
    qubits with key m writes the bits ``m_0, m_1, ...``, one of a single qubit the bit ``m``.

    Parameters
    ----------
    circuit : cirq.AbstractCircuit
    qubits : sequence of cirq.Qid, optional
        Which are wires 0, 1, ...; sorted as Cirq sorts them by default.

    Raises
    ------
    UnsupportedError
        Naming the operation that qdl does not read: noise, qudits, loops until a condition holds.

    Examples
    --------
    >>> import cirq  # doctest: +SKIP
    >>> a, b = cirq.LineQubit.range(2)  # doctest: +SKIP
    >>> from_cirq(cirq.Circuit(cirq.H(a), cirq.CX(a, b))).operations  # doctest: +SKIP
    (h 0, cx 0, 1)
    """

    where = sorted(circuit.all_qubits()) if qubits is None else list(qubits)
    known = {qubit: wire for wire, qubit in enumerate(where)}
    strange = [qubit for qubit in circuit.all_qubits() if qubit not in known or qubit.dimension != 2]
    if strange or not where:
        raise CircuitError("from_cirq reads circuits of qubits that it knows", got=str(strange[:3]), do="name them all")
    reader = _Reader(Circuit(len(where)), known, _symbols(circuit))
    for op in circuit.all_operations():
        reader.read(op)
    return reader.made


def _symbols(circuit: Any) -> Symbols:
    """Every symbol's Param, of the size that a tag says or that the numbers of all symbols tell."""
    import cirq

    names = sorted(cirq.parameter_names(circuit))
    tagged = [tag for tag in getattr(circuit, "tags", ()) if isinstance(tag, Param)]
    known = {symbol(param, index): (param, index) for param in tagged for index in range(param.size)}
    return {**params([name for name in names if name not in known]), **known}


class _Reader:
    """Reads operation by operation into a circuit."""

    def __init__(self, made: Circuit, known: dict[Any, int], symbols: Symbols) -> None:
        self.made, self.known, self.symbols = made, known, symbols
        self.keys: dict[str, tuple[str, ...]] = {}

    def read(self, op: Any) -> None:
        import cirq

        op = op.untagged
        if isinstance(op, cirq.ClassicallyControlledOperation):
            with self.made.if_(self._asked(op.classical_controls)):
                self.read(op.without_classical_controls())
        elif isinstance(op, cirq.CircuitOperation):
            self._circuit(op)
        elif isinstance(op.gate, cirq.MeasurementGate):
            self._measure(op)
        elif isinstance(op.gate, cirq.ResetChannel):
            self.made.reset(*self._wires(op))
        elif isinstance(op.gate, cirq.WaitGate):
            time = from_sympy(op.gate.duration.total_nanos(), self.symbols)
            for wire in self._wires(op):
                self.made.channel("delay", 1e-9 * time, wires=wire)
        else:
            for gate, angles, wires in self._steps(op):
                self.made.gate(gate, *angles, *wires)

    def _wires(self, op: Any) -> tuple[int, ...]:
        return tuple(self.known[qubit] for qubit in op.qubits)

    def _circuit(self, op: Any) -> None:
        if op.repeat_until is not None or not isinstance(op.repetitions, (int, np.integer)):
            raise UnsupportedError("from_cirq reads loops of a known number only", got=repr(op)[:80])
        for inner in op.mapped_circuit(deep=True).all_operations():
            self.read(inner)

    def _measure(self, op: Any) -> None:
        gate, wires = op.gate, self._wires(op)
        if gate.confusion_map:
            raise UnsupportedError("from_cirq reads no readout errors", got=str(op), do="give them as noise=")
        name = str(gate.mkey).replace(":", "_")
        bits = (name,) if len(wires) == 1 else tuple(f"{name}_{index}" for index in range(len(wires)))
        self.keys[str(gate.mkey)] = bits
        flipped = [wire for wire, mask in zip(wires, gate.full_invert_mask(), strict=True) if mask]
        for wire in flipped:
            self.made.x(wire)
        self.made.measure(wires, bits)
        for wire in flipped:  # an inverted outcome leaves the qubit as it was
            self.made.x(wire)

    def _asked(self, controls: Any) -> Condition:
        """Conditions as what bits must be, by asking Cirq for every outcome."""
        import cirq

        keys = sorted({str(key) for control in controls for key in control.keys})
        unknown = [key for key in keys if key not in self.keys]
        if unknown:
            raise CircuitError("a condition on a key that is not measured before", got=unknown)
        bits = [bit for key in keys for bit in self.keys[key]]
        if len(bits) > MOST_BITS:
            raise UnsupportedError("a condition asks for too many bits", got=len(bits), expected=f"at most {MOST_BITS}")
        accepted = set()
        for value, row in enumerate(product((0, 1), repeat=len(bits))):
            rest = iter(row)
            store = cirq.ClassicalDataDictionaryStore()
            for key in keys:
                outcome = tuple(next(rest) for _ in self.keys[key])
                store.record_measurement(cirq.MeasurementKey.parse_serialized(key), outcome, _line(len(outcome)))
            if all(control.resolve(store) for control in controls):
                accepted.add(value)
        return Condition(tuple(bits), frozenset(accepted))

    def _steps(self, op: Any) -> list[Step]:
        """A unitary operation as gates on wires."""
        import cirq

        gate, wires = op.gate, self._wires(op)
        if isinstance(op, cirq.ControlledOperation):
            gate = cirq.ControlledGate(op.sub_operation.gate, control_values=op.control_values)  # type: ignore[arg-type]
        found = None if gate is None else self._gate(gate)
        if found is not None:
            return [(part, angles, tuple(wires[w] for w in own)) for part, angles, own in found]
        inner = cirq.decompose_once(op, default=None)
        if inner is None:
            raise UnsupportedError("from_cirq cannot read an operation", got=str(op)[:80], do="decompose it in Cirq")
        return [step for one in inner for step in self._steps(one)]

    def _gate(self, gate: Any) -> list[Step] | None:
        """A gate as steps on wires 0, 1, ...; None if Cirq has to decompose it."""
        import cirq

        for kind, steps in _kinds().items():
            named = steps(gate, self._turn) if isinstance(gate, kind) else None
            if named is not None:
                return [(TABLE[name], angles, own) for name, angles, own in named]
        if isinstance(gate, cirq.GlobalPhaseGate):
            return [(TABLE["gphase"], (self._phase(gate.coefficient),), ())]
        if isinstance(gate, cirq.ControlledGate):
            return self._controlled(gate)
        small = 0 < cirq.num_qubits(gate) <= _DENSE
        if small and not cirq.is_parameterized(gate) and cirq.has_unitary(gate):
            return [(unitary(cirq.unitary(gate)), (), tuple(range(cirq.num_qubits(gate))))]
        return None

    def _turn(self, exponent: Any) -> Angle:
        return half_turns(exponent, self.symbols)

    def _phase(self, unit: Any) -> Angle:
        import sympy

        if not isinstance(unit, sympy.Basic) or unit.is_number:
            return float(np.angle(complex(unit)))
        turn = sympy.expand(unit.args[0] / sympy.I) if isinstance(unit, sympy.exp) else sympy.log(unit) / sympy.I
        return from_sympy(turn, self.symbols)

    def _controlled(self, gate: Any) -> list[Step] | None:
        inner = self._gate(gate.sub_gate)
        rows = list(gate.control_values.expand())
        if inner is None or len(rows) != 1 or any(dimension != 2 for dimension in gate.control_qid_shape):
            return None
        values, count = "".join(map(str, rows[0])), gate.num_controls()
        own = tuple(range(count))
        return [
            (controlled(part, values), angles, (*own, *(wire + count for wire in where)))
            for part, angles, where in inner
        ]


def _line(count: int) -> list[Any]:
    import cirq

    return list(cirq.LineQubit.range(count))


_Named = list[tuple[str, tuple[Angle, ...], tuple[int, ...]]]
_Turn = Callable[[Any], Angle]


@cache
def _kinds() -> dict[type, Callable[[Any, _Turn], _Named | None]]:
    """Cirq's families of gates, with G^e = exp(i pi e s) times its rotation, s being the global shift."""
    import cirq

    one, two = (0,), (0, 1)

    def word(name: str, gate: Any, turn: _Turn, where: tuple[int, ...]) -> _Named:
        # With P P = 1:  P^e = exp(i pi e / 2) exp(-i pi e P / 2).
        shift = gate._global_shift + 0.5
        phase: _Named = [("gphase", (turn(gate.exponent * shift),), ())] if shift else []
        return [*phase, (name, (turn(gate.exponent),), where)]

    def shifted(gate: Any, turn: _Turn, steps: _Named) -> _Named:
        shift = gate._global_shift
        return [*([("gphase", (turn(gate.exponent * shift),), ())] if shift else []), *steps]

    def pauli(name: str, where: tuple[int, ...], plain: dict[float, str]) -> Callable[[Any, _Turn], _Named]:
        def steps(gate: Any, turn: _Turn) -> _Named:
            if not gate._global_shift and not cirq.is_parameterized(gate) and gate.exponent in plain:
                return [(plain[gate.exponent], (), where)]
            return word(name, gate, turn, where)

        return steps

    def z(gate: Any, turn: _Turn) -> _Named:
        if not cirq.is_parameterized(gate) and not gate._global_shift and gate.exponent in _Z:
            return [(_Z[gate.exponent], (), one)]
        if gate._global_shift == -0.5:
            return [("rz", (turn(gate.exponent),), one)]
        return shifted(gate, turn, [("p", (turn(gate.exponent),), one)])

    def h(gate: Any, turn: _Turn) -> _Named:
        if not cirq.is_parameterized(gate) and not gate._global_shift and gate.exponent == 1:
            return [("h", (), one)]
        inner: _Named = [("ry", (-_PI / 4,), one), ("p", (turn(gate.exponent),), one), ("ry", (_PI / 4,), one)]
        return shifted(gate, turn, inner)

    def power_of_x(exponent: Any, turn: _Turn, where: tuple[int, ...]) -> _Named:
        return [("gphase", (turn(exponent / 2),), ()), ("rx", (turn(exponent),), where)]

    def swap(gate: Any, turn: _Turn) -> _Named:
        if not cirq.is_parameterized(gate) and not gate._global_shift and gate.exponent == 1:
            return [("swap", (), two)]
        half: _Named = [(name, (turn(gate.exponent / 2),), two) for name in ("rxx", "ryy", "rzz")]
        return shifted(gate, turn, [("gphase", (turn(gate.exponent / 4),), ()), *half])

    def iswap(gate: Any, turn: _Turn) -> _Named:
        if not cirq.is_parameterized(gate) and not gate._global_shift and gate.exponent == 1:
            return [("iswap", (), two)]
        return shifted(gate, turn, [(name, (turn(-gate.exponent / 2),), two) for name in ("rxx", "ryy")])

    def under(name: str, plain: str, where: tuple[int, ...]) -> Callable[[Any, _Turn], _Named]:
        def steps(gate: Any, turn: _Turn) -> _Named:
            if not cirq.is_parameterized(gate) and not gate._global_shift and gate.exponent == 1:
                return [(plain, (), where)]
            target = where[-1:]
            turned: _Named = [(name, (turn(gate.exponent),), where)]
            if plain == "cx":  # H P(a) H is the power of X, and H commutes with the controls
                turned = [("h", (), target), *turned, ("h", (), target)]
            return shifted(gate, turn, turned)

        return steps

    def whole(gate: Any, name: str) -> _Named | None:
        plain = not cirq.is_parameterized(gate) and not gate._global_shift and gate.exponent == 1
        return [(name, (), (0, 1, 2))] if plain else None

    def phased_x(gate: Any, turn: _Turn) -> _Named:
        around = gate.phase_exponent
        inner = [("p", (turn(-around),), one), *power_of_x(gate.exponent, turn, one), ("p", (turn(around),), one)]
        return shifted(gate, turn, inner)

    def phased_xz(gate: Any, turn: _Turn) -> _Named:
        axis = gate.axis_phase_exponent
        return [
            ("p", (turn(-axis),), one),
            *power_of_x(gate.x_exponent, turn, one),
            ("p", (turn(axis + gate.z_exponent),), one),
        ]

    def fsim(gate: Any, turn: _Turn) -> _Named:
        theta, phi = (turn(angle / _pi(angle)) for angle in (gate.theta, gate.phi))
        return [("rxx", (theta,), two), ("ryy", (theta,), two), ("cp", (-phi,), two)]

    return {
        cirq.IdentityGate: lambda gate, turn: [("id", (), (wire,)) for wire in range(gate.num_qubits())],
        cirq.XPowGate: pauli("rx", one, {1: "x", 0.5: "sx", -0.5: "sxdg"}),
        cirq.YPowGate: pauli("ry", one, {1: "y"}),
        cirq.ZPowGate: z,
        cirq.HPowGate: h,
        cirq.XXPowGate: pauli("rxx", two, {}),
        cirq.YYPowGate: pauli("ryy", two, {}),
        cirq.ZZPowGate: pauli("rzz", two, {}),
        cirq.CXPowGate: under("cp", "cx", two),
        cirq.CZPowGate: under("cp", "cz", two),
        cirq.CCXPowGate: lambda gate, turn: whole(gate, "ccx"),
        cirq.CCZPowGate: lambda gate, turn: whole(gate, "ccz"),
        cirq.SwapPowGate: swap,
        cirq.ISwapPowGate: iswap,
        cirq.CSwapGate: lambda gate, turn: [("cswap", (), (0, 1, 2))],
        cirq.PhasedXPowGate: phased_x,
        cirq.PhasedXZGate: phased_xz,
        cirq.FSimGate: fsim,
    }


_Z = {1: "z", 0.5: "s", -0.5: "sdg", 0.25: "t", -0.25: "tdg"}


def _pi(angle: Any) -> Any:
    import sympy

    return sympy.pi if isinstance(angle, sympy.Basic) else _PI
