"""qdl's circuits as Cirq's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from qdl.adapters.cirq.symbols import in_half_turns, symbol, to_sympy
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir.bits import Condition
from qdl.ir.channels import Channel, channel
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import TABLE, Composite, Exponential, Gate, Prepare, Step, pauli_ladder
from qdl.ir.params import Angle, Expr


def to_cirq(circuit: Circuit, qubits: Sequence[Any] | None = None) -> Any:
    """Write a ``cirq.Circuit``; wire i is qubit i, both being most significant first.

    Entries of Params become symbols ``theta_0, theta_1, ...``; a Param of size 1 keeps its name. The circuit is tagged
    with the Params, by which `from_cirq` knows their sizes. Bits become measurement keys.

    Parameters
    ----------
    circuit : Circuit
    qubits : sequence of cirq.Qid, optional
        One for each wire; ``cirq.LineQubit.range(wires)`` by default.

    Raises
    ------
    UnsupportedError
        Naming the operation that Cirq cannot say: noise, ``prepare``, a dense evolution or ``rv`` with symbols, a
        measurement under a condition.

    Examples
    --------
    >>> from qdl.ir import Param
    >>> print(to_cirq(Circuit(2).ry(Param("t"), 0).cx(0, 1)))  # doctest: +SKIP
    0: ───Ry(t)───@───
                  │
    1: ───────────X───
    """
    import cirq

    where = cirq.LineQubit.range(circuit.wires) if qubits is None else list(qubits)
    if len(where) != circuit.wires or len(set(where)) != len(where):
        raise CircuitError("to_cirq needs a qubit of its own for each wire", got=len(where), expected=circuit.wires)
    names = [symbol(param, index) for param in circuit.params for index in range(param.size)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise CircuitError(f"two entries of Params would both be the symbol {twice!r}", do="rename a Param")
    made = cirq.Circuit()
    for op in circuit.operations:
        for one in _operations(op):
            placed = one[0].on(*(where[wire] for wire in one[1]))
            made.append(placed if op.condition is None else placed.with_classical_controls(_condition(op.condition)))
    idle = [qubit for qubit in where if qubit not in made.all_qubits()]
    if idle:  # a wire without a gate is a wire still
        made.append(cirq.IdentityGate(1).on(qubit) for qubit in idle)
    return made.with_tags(*circuit.params)  # symbols do not say how long a vector is


def _operations(op: Operation) -> Iterator[tuple[Any, tuple[int, ...]]]:
    import cirq

    if op.bit is not None and op.condition is not None:
        raise UnsupportedError("Cirq measures under no condition", got=op, do="measure into a bit of its own")
    if op.bit is not None:
        yield cirq.MeasurementGate(1, key=op.bit), op.wires
    elif op.gate == channel("reset"):
        yield cirq.ResetChannel(), op.wires
    elif op.gate == channel("delay"):
        time = op.angles[0]
        if isinstance(time, Expr):
            raise UnsupportedError("Cirq's delays are numbers", got=op)
        yield cirq.WaitGate(cirq.Duration(nanos=time * 1e9)), op.wires
    elif isinstance(op.gate, Channel):
        raise UnsupportedError("to_cirq writes no noise", got=f"the channel {op.gate.name!r}", do="leave channels out")
    else:
        yield from _gates(op.gate, op.angles, op.wires)


def _gates(gate: Gate, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """A gate as Cirq's gates and where they act."""
    import cirq

    if TABLE.get(gate.name) == gate and gate.name in _named():
        yield _named()[gate.name](*angles), wires
    elif gate.base is not None:
        count = len(gate.controls)
        values = [int(value) for value in gate.controls]
        for inner, where in _gates(gate.base, angles, wires[count:]):
            yield cirq.ControlledGate(inner, count, values), wires[:count] + where
    elif isinstance(gate, Composite):
        yield from _steps(gate.steps(angles, wires))
    elif isinstance(gate, Prepare):
        raise UnsupportedError("to_cirq writes no preparations", got="'prepare'", do="leave it out")
    elif not any(isinstance(angle, Expr) for angle in angles):
        yield cirq.MatrixGate(gate.matrix(*angles), name=gate.name, unitary_check=False), wires  # type: ignore[arg-type]
    elif isinstance(gate, Exponential) and gate.pauli:
        ladder = pauli_ladder(gate.pauli, angles[0])
        yield from _steps([(TABLE[name], turned, tuple(wires[w] for w in own)) for name, turned, own in ladder])
    else:
        raise UnsupportedError(f"Cirq has no gate {gate.name!r} with symbols", do="bind its Params to numbers")


def _steps(steps: Sequence[Step]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    for part, turned, where in steps:
        yield from _gates(part, turned, where)


@cache
def _named() -> dict[str, Callable[..., Any]]:
    """Rows that Cirq has gates for, from their angles."""
    import cirq
    import sympy

    def phase(angle: Angle) -> Any:
        value = to_sympy(angle)
        unit = sympy.exp(sympy.I * value) if isinstance(value, sympy.Basic) else complex(sympy.exp(sympy.I * value))
        return cirq.GlobalPhaseGate(unit)

    def fixed(gate: Any) -> Callable[..., Any]:
        return lambda: gate

    constant = {
        "id": cirq.I,
        "x": cirq.X,
        "y": cirq.Y,
        "z": cirq.Z,
        "h": cirq.H,
        "s": cirq.S,
        "t": cirq.T,
        "sdg": cirq.S**-1,
        "tdg": cirq.T**-1,
        "sx": cirq.X**0.5,
        "sxdg": cirq.X**-0.5,
        "swap": cirq.SWAP,
        "iswap": cirq.ISWAP,
        "cx": cirq.CX,
        "cz": cirq.CZ,
        "ccx": cirq.CCX,
        "ccz": cirq.CCZ,
        "cswap": cirq.CSWAP,
    }
    turns = {"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}
    pairs = {"rxx": cirq.XXPowGate, "ryy": cirq.YYPowGate, "rzz": cirq.ZZPowGate}
    return {
        **{name: fixed(gate) for name, gate in constant.items()},
        **{name: lambda angle, turn=turn: turn(to_sympy(angle)) for name, turn in turns.items()},
        **{
            name: lambda angle, pair=pair: pair(exponent=in_half_turns(angle), global_shift=-0.5)
            for name, pair in pairs.items()
        },
        **{name: lambda angle: cirq.ZPowGate(exponent=in_half_turns(angle)) for name in ("p", "u1")},
        **{name: lambda angle: cirq.CZPowGate(exponent=in_half_turns(angle)) for name in ("cp", "cu1")},
        "gphase": phase,
    }


def _condition(asked: Condition) -> Any:
    """What bits must be, as an expression of measurement keys."""
    import cirq
    import sympy

    count = len(asked.bits)
    if count == 1 and asked.accepted == {1}:
        return cirq.KeyCondition(cirq.MeasurementKey(asked.bits[0]))
    keys = [sympy.Symbol(bit) for bit in asked.bits]
    rows = [
        sympy.And(*(sympy.Eq(key, int(digit)) for key, digit in zip(keys, f"{value:0{count}b}", strict=True)))
        for value in sorted(asked.accepted)
    ]
    return cirq.SympyCondition(sympy.Or(*rows))
