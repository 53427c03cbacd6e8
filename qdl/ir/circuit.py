"""The circuit: an ordered list of gates with expressions for angles. It holds no values, no batch and no device."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qdl import registry
from qdl.errors import CircuitError
from qdl.ir import gates
from qdl.ir.bits import Condition, condition
from qdl.ir.channels import DEFAULTS, Channel, Measure, channel, kraus_channel
from qdl.ir.evolution import evolution
from qdl.ir.gates import Composite, Gate, Prepare
from qdl.ir.labels import Labels
from qdl.ir.observables import Observable, check_wire
from qdl.ir.params import Angle, Expr, Param, as_angle, evaluate, params_of

if TYPE_CHECKING:
    import networkx as nx

MATRIX_WIRES = 12  # 268 MB


@dataclass(frozen=True)
class Operation:
    """One gate, channel or measurement at one place: the row, its angles or strengths, its wires.

    Attributes
    ----------
    gate : Gate
    angles : tuple of number or expression
    wires : tuple of int
        Most significant first.
    condition : Condition or None
        What measured bits must be for it to happen.
    bit : str or None
        Where a measurement writes its outcome.
    """

    gate: Gate
    angles: tuple[Angle, ...]
    wires: tuple[int, ...]
    condition: Condition | None = None
    bit: str | None = None

    def __repr__(self) -> str:
        inner = ", ".join(map(str, self.angles))
        text = f"{self.gate.name}{f'({inner})' if inner else ''} {', '.join(map(str, self.wires))}"
        text += f" -> {self.bit}" if self.bit else ""
        return f"if {self.condition}: {text}" if self.condition else text

    def elementary(self) -> list[Operation]:
        """The same operation with composite gates expanded, all the way down."""
        if not isinstance(self.gate, Composite):
            return [self]
        return [
            inner
            for gate, angles, wires in self.gate.steps(self.angles, self.wires)
            for inner in Operation(gate, angles, wires, self.condition).elementary()
        ]


class Circuit:
    """A quantum circuit on wires 0 to n-1; wire 0 is the most significant bit of a state index.

    Every row of the gate table is a method that takes angles first, then wires, and returns the circuit, so that calls
    chain: ``c.ry(x[0], 0).cx(0, 1)``.

    Parameters
    ----------
    wires : int
        The number of wires, at least 1.

    Attributes
    ----------
    wires : int
    operations : tuple of Operation
    params : tuple of Param
        In the order of first use.
    labels : Labels or None
        Names that came with it from another tool.

    Examples
    --------
    >>> x = Param("x", 2)
    >>> c = Circuit(2).ry(x[0], 0).cx(0, 1).rzz(2 * x[1], 0, 1)
    >>> c.params
    (Param(name='x', size=2),)
    >>> len(c)
    3
    """

    def __init__(self, wires: int) -> None:
        if isinstance(wires, bool) or not isinstance(wires, (int, np.integer)) or wires < 1:
            raise CircuitError("a circuit needs a positive number of wires", got=repr(wires))
        self.wires = int(wires)
        self._operations: list[Operation] = []
        self._params: dict[str, Param] = {}
        self._key: tuple[Any, ...] | None = None
        self._conditions: list[Condition] = []
        self._bits: dict[str, None] = {}
        self._stale: set[str] = set()  # bits measured inside open conditions
        self.labels: Labels | None = None

    @property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(self._operations)

    @property
    def params(self) -> tuple[Param, ...]:
        return tuple(self._params.values())

    @property
    def bits(self) -> tuple[str, ...]:
        """The names of measured bits, in the order of their first measurement."""
        return tuple(self._bits)

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two circuits the same: hashable, and computed once until the circuit grows."""
        if self._key is None:
            self._key = (self.wires, tuple(self._operations))
        return self._key

    def __len__(self) -> int:
        return len(self._operations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Circuit) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]  # a circuit grows; use circuit.key

    def __repr__(self) -> str:
        names = ", ".join(f"{p.name}[{p.size}]" for p in self.params)
        return f"<Circuit: {self.wires} wires, {len(self)} gates{', Params ' + names if names else ''}>"

    def __getattr__(self, name: str) -> Callable[..., Circuit]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            row = gates.gate(name)
        except CircuitError as error:
            raise UnknownGateError(str(error)) from None
        return lambda *arguments, **controls: self.gate(row, *arguments, **controls)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *gates.TABLE})

    def gate(
        self, gate: str | Gate, *arguments: Any, controls: int | Sequence[int] = (), values: str | None = None
    ) -> Circuit:
        """Add a gate: its angles, then its wires; under `controls` with control values such as ``"01"``, all 1 if None.

        Examples
        --------
        >>> Circuit(3).gate("ry", 0.3, 2, controls=(0, 1), values="01").operations
        (cc_ry_01(0.3) 0, 1, 2,)
        """
        row = gate if isinstance(gate, Gate) else gates.gate(gate)
        if len(arguments) != len(row.angles) + row.wires:
            expected = _counted(row.wires, "wire")
            if row.angles:
                angles_named = f"{_counted(len(row.angles), 'angle')} ({', '.join(row.angles)})"
                expected = f"{angles_named} and {expected}, {len(row.angles) + row.wires} in all"
            problem = f"wrong number of arguments for gate {row.name!r}"
            raise CircuitError(problem, got=len(arguments), expected=expected)
        angles, wires = arguments[: len(row.angles)], arguments[len(row.angles) :]
        above = _flat((controls,))
        if values is not None and (not isinstance(values, str) or len(values) != len(above)):
            expected = f"a string of {len(above)} digits"
            raise CircuitError("control values do not fit the controls", got=repr(values), expected=expected)
        if above:
            row, wires = gates.controlled(row, values or "1" * len(above)), (*above, *wires)
        return self._add(Operation(row, tuple(map(as_angle, angles)), self.check_wires(row.name, wires)))

    def measure(self, wires: int | Sequence[int], bits: str | Sequence[str] | None = None) -> Circuit:
        """Measure wires in the Z basis and write the outcomes to bits, which conditions and readouts can name.

        Parameters
        ----------
        wires : int or sequence of int
        bits : str or sequence of str, optional
            One name for each wire; ``"m<wire>"`` by default. A bit measured again is overwritten.

        Examples
        --------
        >>> c = Circuit(2).h(0).measure(0, "m")
        >>> with c.if_("m", 1):
        ...     c.x(1)
        <Circuit: 2 wires, 3 gates>
        >>> c.operations[2]
        if (m) in {1}: x 1
        """
        where = self.check_wires("measure", _flat((wires,)))
        names = [f"m{w}" for w in where] if bits is None else [bits] if isinstance(bits, str) else list(bits)
        if len(names) != len(where) or len(set(names)) != len(names):
            raise CircuitError("measure needs a bit of its own for each wire", got=repr(bits), expected=len(where))
        for name in names:
            if not isinstance(name, str) or not name.isidentifier():
                raise CircuitError("a bit's name must be an identifier", got=repr(name), do="use letters, digits, _")
        return self._add(*(Operation(Measure(), (), (w,), bit=b) for w, b in zip(where, names, strict=True)))

    def reset(self, *wires: int | Sequence[int]) -> Circuit:
        """Set wires to |0>, whatever they were; what they were entangled with becomes mixed.

        Examples
        --------
        >>> Circuit(1).x(0).reset(0).operations
        (x 0, reset 0)
        """
        where = self.check_wires("reset", _flat(wires))
        return self._add(*(Operation(channel("reset"), (), (w,)) for w in where))

    @contextmanager
    def if_(self, bits: str | Sequence[str] | Condition, value: int | str = 1) -> Iterator[Circuit]:
        """Everything added inside happens only where measured bits have a value.

        Parameters
        ----------
        bits : str or sequence of str
            Bits that are measured before; or a `Condition`, whose ``otherwise()`` is the other branch.
        value : int or str
            A number or a string of digits, the first bit being the most significant.

        Examples
        --------
        >>> c = Circuit(3).h(0).h(1).measure([0, 1], ["a", "b"])
        >>> with c.if_(("a", "b"), "10"):
        ...     c.x(2)
        <Circuit: 3 wires, 5 gates>
        """
        found = bits if isinstance(bits, Condition) else condition(bits, value)
        unknown = [bit for bit in found.bits if bit not in self.bits]
        if unknown:
            known = ", ".join(self.bits) or "no bit"
            raise CircuitError("a condition on a bit that is not measured before", got=unknown, expected=known)
        self._conditions.append(found)
        try:
            yield self
        finally:
            self._conditions.pop()
            if not self._conditions:
                self._stale.clear()

    def channel(self, name: str | Channel, *strengths: Any, wires: int | Sequence[int]) -> Circuit:
        """Add noise: a row of the channel table (`qdl.ir.channels.CHANNELS`), or a gate's name for a coherent error.

        Parameters
        ----------
        name : str
            Such as ``"depolarizing"``, ``"amplitude_damping"``, ``"thermal_relaxation"``.
        *strengths : numbers, expressions, or sequences of them
            In the row's order.
        wires : int or sequence of int

        Examples
        --------
        >>> Circuit(2).channel("depolarizing", 0.01, wires=(0, 1)).channel("rx", 0.02, wires=0).operations
        (depolarizing(0.01) 0, 1, rx(0.02) 0)
        """
        where = self.check_wires(str(name), _flat((wires,)))
        values = [value for given in strengths for value in _entries(given)]
        if isinstance(name, str) and name in gates.TABLE:
            return self.gate(name, *values, *where)
        row = name if isinstance(name, Channel) else channel(name, len(where))
        if row.wires != len(where):
            raise CircuitError(f"channel {row.name!r} does not fit the wires", got=len(where), expected=row.wires)
        default = DEFAULTS.get(row.name, ())
        if len(values) == len(row.angles) - len(default):
            values += default
        if len(values) != len(row.angles):
            named = ", ".join(row.angles[:4]) + (", ..." if len(row.angles) > 4 else "")
            expected = f"{len(row.angles)}: {named}"
            raise CircuitError(
                f"wrong number of strengths for channel {row.name!r}", got=len(values), expected=expected
            )
        checked = tuple(map(as_angle, values))
        row.refuse_bad(checked)
        return self._add(Operation(row, checked, where))

    def kraus(self, matrices: Sequence[Any], *wires: int | Sequence[int]) -> Circuit:
        """Add the channel rho -> sum_k K_k rho K_k^+ of given Kraus operators, (2**k, 2**k) each.

        Examples
        --------
        >>> Circuit(1).kraus([[[1, 0], [0, 0.6]], [[0, 0.8], [0, 0]]], 0).operations
        (kraus 0,)
        """
        return self.channel(kraus_channel(matrices), wires=_flat(wires))

    def unitary(self, matrix: Any, *wires: int) -> Circuit:
        """Add any unitary matrix, shape (2**k, 2**k), on k wires, the first being the most significant.

        Examples
        --------
        >>> Circuit(2).unitary([[0, 1], [1, 0]], 1).operations
        (unitary 1,)
        """
        return self.gate(gates.unitary(matrix), *_flat(wires))

    def evolve(self, hamiltonian: Observable, time: Any) -> Circuit:
        """Add exp(-i time H) for a sum of Pauli words with plain coefficients.

        Words that all commute become one rotation each, which is exact. Otherwise the exponential is dense on the
        wires that H touches, at most 6.

        Examples
        --------
        >>> from qdl.ir.observables import X, Z
        >>> len(Circuit(3).evolve(Z(0) @ Z(1) + Z(1) @ Z(2), 0.3))
        2
        """
        steps = evolution(hamiltonian, as_angle(time))
        return self._add(*(Operation(gate, angles, self.check_wires("evolve", wires)) for gate, angles, wires in steps))

    def prepare(self, amplitudes: Param | Sequence[Any], wires: int | Sequence[int]) -> Circuit:
        """Set fresh wires to real amplitudes, which are normalised.

        Parameters
        ----------
        amplitudes : Param of size 2**k, or 2**k numbers or expressions
            Not all zero; the first wire is the most significant bit of their index.
        wires : int or sequence of k ints
            Wires that no earlier operation touches.
        """
        entries = tuple(as_angle(a) for a in _entries(amplitudes))
        where = self.check_wires("prepare", _flat((wires,)))
        if not where or len(entries) != 2 ** len(where):
            expected = f"{2 ** len(where)} on {len(where)} wires"
            raise CircuitError("prepare needs 2**k amplitudes", got=len(entries), expected=expected)
        return self._add(Operation(Prepare(len(where)), entries, where))

    def append(self, part: Circuit, wires: int | Sequence[int], params: Any = None, name: str | None = None) -> Circuit:
        """Add another circuit, such as a cell, on the given wires.

        Parameters
        ----------
        part : Circuit
        wires : int or sequence of int
            Where the part's wires 0, 1, ... lie here.
        params : sequence, dict or None
            Expressions for the part's parameter entries: in the part's order, or a dict from Param name to a sequence
            (a Param will do). None makes a fresh Param, called `name` or ``"<params>_<k>"``.
        """
        if not isinstance(part, Circuit):
            remedy = "load a cell with qdl.cell(name)" if isinstance(part, str) else None
            raise CircuitError("append takes a circuit", got=f"{part!r}"[:80], do=remedy)
        where = self.check_wires("append", _flat((wires,)))
        if len(where) != part.wires:
            raise CircuitError("the part does not fit the wires", got=f"{len(where)} wires", expected=part.wires)
        entries = self._bind(part, params, name)

        def placed(op: Operation) -> Operation:
            angles = tuple(a.replace(entries) if isinstance(a, Expr) else a for a in op.angles)
            return replace(op, angles=angles, wires=tuple(where[w] for w in op.wires))

        return self._add(*map(placed, part.operations))

    def inverse(self) -> Circuit:
        """The circuit that undoes this one."""
        out = Circuit(self.wires)
        for op in reversed(self._operations):
            if op.condition is not None:
                raise CircuitError("a conditional operation has no inverse", got=op, do="invert the circuit without it")
            for gate, angles, wires in op.gate.inverse(op.angles, op.wires):
                out._add(Operation(gate, angles, wires))
        return out

    def copy(self) -> Circuit:
        """An independent copy."""
        out = Circuit(self.wires)
        out._operations, out._params, out._key = list(self._operations), dict(self._params), self._key
        out._bits, out.labels = dict(self._bits), self.labels
        return out

    def __copy__(self) -> Circuit:
        return self.copy()

    def elementary(self) -> list[Operation]:
        """All operations with composite gates expanded."""
        return [inner for op in self._operations for inner in op.elementary()]

    def matrix(self, values: Mapping[str, Sequence[float]] | None = None) -> gates.Matrix:
        """The unitary of the whole circuit at plain values; for a handful of wires, at most 12.

        Examples
        --------
        >>> Circuit(1).x(0).matrix().real.astype(int).tolist()
        [[0, 1], [1, 0]]
        """
        if self.wires > MATRIX_WIRES:
            expected = f"at most {MATRIX_WIRES} wires"
            raise CircuitError("the circuit's matrix is too large", got=self.wires, expected=expected)
        out = np.eye(2**self.wires, dtype=complex)
        for op in self._operations:
            if op.condition is not None:
                raise CircuitError("a circuit with conditions has no matrix", got=op, do="read qdl.density")
            if op.gate.name == "delay":  # a noise model alone makes something of it
                continue
            plain = [evaluate(angle, values or {}) for angle in op.angles]
            out = gates.embed(op.gate.matrix(*plain), op.wires, self.wires) @ out
        return out

    def graph(self) -> nx.DiGraph:
        """Operations as nodes 0, 1, ... (attribute ``operation``), edges for wires (``wire``) and bits (``bit``)."""
        import networkx as nx

        graph = nx.DiGraph()
        last: dict[int, int] = {}
        wrote: dict[str, int] = {}
        for index, op in enumerate(self._operations):
            graph.add_node(index, operation=op)
            for bit in op.condition.bits if op.condition else ():
                graph.add_edge(wrote[bit], index, bit=bit)
            if op.bit is not None:
                wrote[op.bit] = index
            for wire in op.wires:
                if wire in last:
                    graph.add_edge(last[wire], index, wire=wire)
                last[wire] = index
        return graph

    def draw(self, style: str = "text", **options: Any) -> Any:
        """The circuit as text (``"text"``) or as a matplotlib figure (``"mpl"``)."""
        return registry.converter("draw")(self, style, **options)

    @staticmethod
    def from_qasm(text: str) -> Circuit:
        """Read OpenQASM 3 or 2, feedback included (see `qdl.ir.qasm`); the rest is refused by name and line."""
        return registry.converter("from_qasm")(text)

    def to_qasm(self, version: int = 3) -> str:
        """Write OpenQASM; every vector Param becomes inputs ``name_0``, ``name_1``, ..."""
        return registry.converter("to_qasm")(self, version)

    @staticmethod
    def from_qiskit(circuit: Any, **options: Any) -> Circuit:
        """Read a Qiskit circuit: qubit i is wire i, parameters become Params by name.

        Parameters
        ----------
        circuit : QuantumCircuit
        **options
            ``layout="virtual"`` for the original order of what `transpile` laid out, ``dt`` for the length in seconds
            of a clock cycle; see `qdl.adapters.qiskit.from_qiskit`.
        """
        return registry.converter("from_qiskit")(circuit, **options)

    @staticmethod
    def from_pennylane(what: Any, *args: Any, wire_order: Iterable[Any] | None = None, **kwargs: Any) -> Circuit:
        """Read a QNode, a quantum function or a tape of PennyLane's; what it measures at its end is left out.

        Parameters
        ----------
        what : QNode, callable, QuantumScript or Operator
        *args, **kwargs
            What the function is called with. Params and expressions of their entries, alone or in lists and arrays of
            objects, stay symbols: a Param of size n is an array of n angles, one of size 1 a single angle too. A
            function made by `to_pennylane` needs none.
        wire_order : sequence, optional
            The labels of wires 0, 1, ...; by default those of a QNode's device, else integers are their own places.

        Raises
        ------
        CircuitError
            For labels without an order, batches, postselection, and functions that need numbers for symbols.
        UnsupportedError
            For operators that are no gates, channels or measurements of qubits.

        Examples
        --------
        >>> import pennylane as qml
        >>> def layer(x):
        ...     qml.AngleEmbedding(2 * x, wires=[0, 1], rotation="Y")
        ...     qml.ctrl(qml.S(1), control=0, control_values=[0])
        >>> Circuit.from_pennylane(layer, Param("x", 2)).operations
        (ry(2*x[0]) 0, ry(2*x[1]) 1, c_s_0 0, 1)
        """
        return registry.converter("from_pennylane")(what, *args, wire_order=wire_order, **kwargs)

    def to_pennylane(self) -> Any:
        """The circuit as a quantum function, to be called inside a QNode with a value for each Param.

        Values come by position, in the order of `params`, or by name; they are tensors of any library that PennyLane
        knows, of shape (size,) or (batch, size), for size 1 also () or (batch,). The keyword ``wires`` takes the labels
        of wires 0, 1, ... The function returns a dict from measured bits to their measurement values.

        Raises
        ------
        UnsupportedError
            For measurements and resets under conditions, and for measurements that are written wrongly.

        Examples
        --------
        >>> import pennylane as qml
        >>> x = Param("x", 2)
        >>> layer = Circuit(2).ry(x[0], 0).crx(2 * x[1], 0, 1).to_pennylane()
        >>> print(qml.draw(lambda: layer(x=[0.1, 0.2], wires=["a", "b"]))())
        a: ──RY(0.10)─╭●────────┤
        b: ───────────╰RX(0.40)─┤
        """
        return registry.converter("to_pennylane")(self)

    def to_qiskit(self) -> Any:
        """Write a Qiskit circuit: wire i is qubit i, Params become parameters by name.

        Returns
        -------
        QuantumCircuit
            See `qdl.adapters.qiskit.to_qiskit`.
        """
        return registry.converter("to_qiskit")(self)

    def _add(self, *operations: Operation) -> Circuit:
        """Add all operations, or none if one of them does not fit."""
        fresh: dict[str, Param] = {}
        ready: list[Operation] = []
        for operation in operations:
            for above in reversed(self._conditions):
                if self._stale.intersection(above.bits):
                    raise CircuitError(
                        "the condition's bit was measured anew inside its block",
                        got=operation,
                        do="end the block before, or measure into another bit",
                    )
                both = above if operation.condition is None else above & operation.condition
                operation = replace(operation, condition=both)
            for param in params_of(operation.angles):
                known = self._params.get(param.name) or fresh.setdefault(param.name, param)
                if known != param:
                    raise CircuitError(
                        f"Param {param.name!r} already has another size in this circuit",
                        got=param.size,
                        expected=known.size,
                        do="use one Param object, or another name",
                    )
            if isinstance(operation.gate, Prepare):
                if operation.condition is not None:
                    raise CircuitError("prepare cannot depend on a measured bit", do="prepare before the condition")
                operation = _prepared(operation, [*self._operations, *ready])
            if self._conditions and operation.bit is not None:
                self._stale.add(operation.bit)
            ready.append(operation)
        self._operations += ready
        self._params |= fresh
        self._bits |= {op.bit: None for op in ready if op.bit is not None}
        self._key = None
        return self

    def check_wires(self, name: str, wires: Iterable[Any]) -> tuple[int, ...]:
        """Wires as plain ints; refused, in the name of `name`, if they are out of range or repeated."""
        checked = tuple(check_wire(w) for w in wires)
        for wire in checked:
            if wire >= self.wires:
                raise CircuitError(f"wire out of range for {name!r}", got=wire, expected=f"0 to {self.wires - 1}")
        if len(set(checked)) != len(checked):
            raise CircuitError(f"{name!r} needs different wires", got=checked)
        return checked

    def _bind(self, part: Circuit, params: Any, name: str | None) -> Callable[[Param, int], Angle]:
        total = sum(p.size for p in part.params)
        if params is None:
            if not total:
                return lambda param, index: param[index]
            params = Param(name or self._fresh_name(part.params[0].name), total)
        if isinstance(params, Mapping):
            names = {p.name: p for p in part.params}
            if set(params) != set(names):
                got = sorted(map(str, params))
                raise CircuitError("the part's Params are not those given", got=got, expected=sorted(names))
            given = {key: [as_angle(v) for v in _entries(value)] for key, value in params.items()}
            for key, values in given.items():
                if len(values) != names[key].size:
                    problem = f"wrong size for the part's Param {key!r}"
                    raise CircuitError(problem, got=len(values), expected=names[key].size)
            return lambda param, index: given[param.name][index]
        values = [as_angle(v) for v in _entries(params)]
        if len(values) != total:
            raise CircuitError("wrong number of parameters for the part", got=len(values), expected=total)
        starts: dict[str, int] = {}
        for param in part.params:
            starts[param.name] = sum(p.size for p in part.params[: len(starts)])
        return lambda param, index: values[starts[param.name] + index]

    def _fresh_name(self, stem: str) -> str:
        k = 0
        while f"{stem}_{k}" in self._params:
            k += 1
        return f"{stem}_{k}"


class UnknownGateError(CircuitError, AttributeError):
    """An unknown gate asked for as a method: also an AttributeError, so that hasattr works."""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _prepared(operation: Operation, earlier: Iterable[Operation]) -> Operation:
    """A preparation checked, and normalised if its amplitudes are plain numbers; tiny ones would vanish in float32."""
    used = {w for op in earlier for w in op.wires} & set(operation.wires)
    if used:
        raise CircuitError("prepare needs fresh wires", got=f"wires {sorted(used)} in use", do="prepare first")
    amplitudes = [a for a in operation.angles if not isinstance(a, Expr)]
    if len(amplitudes) < len(operation.angles):
        return operation
    largest = max(map(abs, amplitudes))
    if largest == 0:
        raise CircuitError("prepare needs a state of positive norm", got="all amplitudes zero")
    scaled = [a / largest for a in amplitudes]
    norm = math.hypot(*scaled)
    if abs(norm * largest - 1) < 1e-15:  # what is normalised keeps its digits
        return operation
    return replace(operation, angles=tuple(a / norm for a in scaled))


def _entries(value: Any) -> Iterable[Any]:
    """What was given for a Param as a sequence; a single number or expression is one of length 1."""
    if isinstance(value, (Expr, numbers.Real)):
        return (value,)
    if isinstance(value, (Param, Sequence)) and not isinstance(value, str):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value
    raise CircuitError("this is no sequence of numbers and expressions", got=f"{type(value).__name__} {value!r}"[:80])


def _flat(wires: Iterable[Any]) -> list[Any]:
    """Wires given one by one or in sequences, as one list; a number without dimensions is one wire."""
    out: list[Any] = []
    for wire in wires:
        out.extend(wire if isinstance(wire, Iterable) and getattr(wire, "shape", None) != () else (wire,))
    return out
