"""Classical declarations and assignments: numbers, arrays, bits, what depends on bits, durations, aliases."""

from __future__ import annotations

from typing import Any

from qdl.ir.params import Param
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.flow import Flow
from qdl.ir.qasm.functions import MAX_ELEMENTS, array, changed, given
from qdl.ir.qasm.inputs import entry
from qdl.ir.qasm.logic import ALWAYS, Logic, Variable, mentions
from qdl.ir.qasm.operands import Operand, operand
from qdl.ir.qasm.text import refuse

_KINDS = ("Bool", "Int", "Uint", "Float", "Angle")


class Variables(Flow):
    """Reads what is declared and assigned; a subclass offers `call`, for functions of the program's own."""

    inputs: dict[str, tuple[Param, int]]

    def call(self, node: Any, target: Operand | None = None) -> Any:
        """What a call of a subroutine returns; None if there is none of that name."""
        raise NotImplementedError

    def _ClassicalDeclaration(self, node: Any) -> None:
        kind, name = type(node.type).__name__.removesuffix("Type"), node.identifier.name
        if kind == "Bit":
            self._bits(node, name)
        elif kind in ("Duration", "Stretch"):
            known = node.init_expression is not None
            value = self.seconds(node.init_expression) if known else None
            self.declare(node, "value", name)
            self.times[name] = value
        elif kind == "Array":
            self._array(node, name)
        elif kind in _KINDS:
            held = None if node.init_expression is None else self.held(node.init_expression, node.type)
            self.declare(node, "value", name)
            self.types[name] = node.type
            self.hold(name, held)
        else:
            do = "declare numbers, bits, durations or arrays of numbers"
            refuse(node, f"'{kind.lower()} {name}' is not supported", do=do)

    def hold(self, name: str, held: Any) -> None:
        """Let a variable hold a number, an array, a Variable, or None for what cannot be said."""
        if held is None or isinstance(held, Variable):
            self.values.pop(name, None)
            self.variables[name] = held
        else:
            self.variables.pop(name, None)
            self.values[name] = held

    def held(self, node: Any, kind: Any) -> Any:
        """The value of an expression in a type: a number if it depends on no measured bit."""
        if type(node).__name__ == "FunctionCall":
            found = self.call(node)
            if isinstance(found, Operand):
                logic = self._fresh()
                return self._variable(logic, logic.cast(node, kind, logic.read(found, node)))
            if isinstance(found, Variable):
                return found
            if found is not None:
                return given(node, kind, found)
        if mentions(node, self.bits.registers, self.variables):
            if type(kind).__name__ in ("FloatType", "AngleType"):
                refuse(node, "a real number cannot depend on measured bits", do="branch on the bits instead")
            logic = self._fresh()
            return self._variable(logic, logic.cast(node, kind, logic.word(node)))
        whole = type(kind).__name__ in ("IntType", "UintType")
        found = self.expressions.integer(node, "the value") if whole else self.expressions.value(node)
        return given(node, kind, found)

    def _fresh(self) -> Logic:
        return Logic(self.bits, self.variables, self.expressions, {})

    def _variable(self, logic: Logic, word: Any) -> Variable:
        return Variable(word, logic.slots, {number: self.bits.writes[number] for number in logic.slots})

    def _array(self, node: Any, name: str) -> None:
        if type(node.type.base_type).__name__.removesuffix("Type") not in _KINDS:
            refuse(node, f"the elements of the array {name!r} are not supported", expected="float, angle, int or uint")
        sizes = self._sizes(node, name)
        given_ = node.init_expression
        value = None if given_ is None else self.expressions.value(given_)
        if value is not None:
            value = array(given_, node.type.base_type, sizes, value)
        self.declare(node, "value", name)
        self.types[name] = node.type
        self.hold(name, value)

    def _sizes(self, node: Any, name: str) -> list[int]:
        sizes = [self.expressions.integer(size, f"the size of {name!r}") for size in node.type.dimensions]
        total = 1
        for size in sizes:
            total *= size if 0 < size <= MAX_ELEMENTS else MAX_ELEMENTS + 1
        if total > MAX_ELEMENTS:
            got = " by ".join(map(str, sizes))
            refuse(node, f"the size of {name!r} is out of range", got=got, expected=f"1 to {MAX_ELEMENTS} elements")
        return sizes

    def _bits(self, node: Any, name: str) -> None:
        source: Any = getattr(node, "init_expression", None)
        value = 0
        size = None if node.type.size is None else self.expressions.integer(node.type.size, f"the size of {name!r}")
        kind = type(source).__name__
        if source is not None and kind not in ("QuantumMeasurement", "FunctionCall"):
            value = self._constant(source, name, size or 1)
        self.declare(node, "value", name)
        target = self.bits.declare(node, name, size, value, local=self.scopes.depth > 0)
        if kind == "QuantumMeasurement":
            self.measure(node, source.qubit, target)
        elif kind == "FunctionCall":
            self._returned(source, name, target)

    def _returned(self, node: Any, name: str, target: Operand) -> None:
        """A new register takes what a subroutine measures for it, or the bits that it returns."""
        found = self.call(node, target)
        if not isinstance(found, Operand) or len(found.wires) != len(target.wires):
            refuse(node, f"what {name!r} begins with must be as many bits", do="return bits or a measurement")
        self.bits.registers[name] = Operand(found.wires, target.array)

    def _constant(self, node: Any, name: str, size: int) -> int:
        tables = self.logic().word(node).tables
        if set(tables) - {0, ALWAYS}:
            refuse(node, f"what {name!r} begins with must be a constant", do="measure into it")
        value = sum(1 << digit for digit, table in enumerate(tables) if table)
        if value >> size:
            refuse(node, f"what {name!r} begins with does not fit", got=value, expected=f"{size} bits")
        return value

    def _ClassicalAssignment(self, node: Any) -> None:
        sign, target = node.op.name, node.lvalue
        name = target.name if type(target).__name__ == "Identifier" else target.name.name
        if name in self.bits.registers:
            self._bits_assigned(node, name)
            return
        if name not in self.types:
            refuse(node, f"the assignment {name} {sign} ... is not supported", expected="variable = expression")
        value = node.rvalue if sign == "=" else _combined(node)
        if type(self.types[name]).__name__ == "ArrayType":
            self._element(node, name, value)
        elif type(target).__name__ != "Identifier":
            refuse(node, f"an assignment to a part of {name!r} is not supported", do="assign all of it")
        else:
            self.hold(name, self.held(value, self.types[name]))

    def _bits_assigned(self, node: Any, name: str) -> None:
        if node.op.name == "=" and type(node.rvalue).__name__ == "FunctionCall":
            target = self.writable(node.lvalue)
            if self.call(node.rvalue, target) == target:
                return
        refuse(node, f"an assignment to the bits of {name!r} is not supported", do="measure into them")

    def _element(self, node: Any, name: str, value: Any) -> None:
        kind = self.types[name]
        if name not in self.values:
            refuse(node, f"what {name!r} holds here cannot be said", do="declare the array with its elements")
        if type(node.lvalue).__name__ == "Identifier":
            self.values[name] = array(node, kind.base_type, self._sizes_of(name), self.expressions.value(value))
            return
        if any(not isinstance(group, list) or len(group) < 1 for group in node.lvalue.indices):
            refuse(node, "a set of elements is not supported here", do="assign one element")
        places = [self.expressions.integer(one, "an index") for group in node.lvalue.indices for one in group]
        if len(places) != len(kind.dimensions):
            refuse(node, "an assignment to a part of an array is not supported", do="assign one element, or all")
        new = self.held(value, kind.base_type)
        if isinstance(new, Variable):
            refuse(node, "an element of an array cannot depend on measured bits", do="branch on the bits instead")
        self.values[name] = changed(node, self.values[name], places, new)

    def _sizes_of(self, name: str) -> list[int]:
        sizes, value = [], self.values[name]
        while isinstance(value, tuple):
            sizes.append(len(value))
            value = value[0]
        return sizes

    def _ConstantDeclaration(self, node: Any) -> None:
        name, kind = node.identifier.name, type(node.type).__name__.removesuffix("Type")
        if kind in ("Int", "Uint"):
            value: Any = self.expressions.integer(node.init_expression, f"the integer constant {name!r}")
        elif kind in ("Float", "Angle"):
            value = float(self.expressions.number(node.init_expression, f"the constant {name!r}"))
        elif kind == "Bool":
            value = bool(self.expressions.number(node.init_expression, f"the constant {name!r}"))
        elif kind == "Duration":
            value = self.seconds(node.init_expression)
        else:
            refuse(node, f"the type of the constant {name!r} is not supported", expected="float, angle, int or uint")
        self.declare(node, "value", name)
        (self.times if kind == "Duration" else self.values)[name] = value

    def _IODeclaration(self, node: Any) -> None:
        name, kind = node.identifier.name, type(node.type).__name__.removesuffix("Type")
        if node.io_identifier.name == "output":
            if kind not in ("Bit", "Array", *_KINDS):
                refuse(node, f"the declaration of {name!r} is not supported", expected="output bit, float, int, ...")
            node.init_expression = None
            self._ClassicalDeclaration(node)
        elif kind == "Array" and type(node.type.base_type).__name__ in ("FloatType", "AngleType"):
            self._vector(node, name)
        elif kind not in ("Float", "Angle"):
            refuse(node, f"the declaration of {name!r} is not supported", expected=f"input float[64] {name};")
        else:
            self.declare(node, "value", name)
            param, index = self.inputs[name]
            self.values[name] = param[index]

    def _vector(self, node: Any, name: str) -> None:
        sizes = self._sizes(node, name)
        if len(sizes) > 1:
            refuse(node, f"the input {name!r} has too many dimensions", expected=f"input array[float[64], 4] {name};")
        if any(entry(other)[0] == name or other == name for other in self.inputs if other != name):
            refuse(node, f"another input would be read as Param {name!r} too", do="rename one")
        self.declare(node, "value", name)
        self.values[name] = tuple(Param(name, sizes[0]))

    def _AliasStatement(self, node: Any) -> None:
        name = node.target.name
        bits = mentions(node.value, self.bits.registers)
        found = (
            self.bits.find(node.value, self.expressions)
            if bits
            else operand(node.value, self.registers, self.expressions)
        )
        self.declare(node, "value", name)
        (self.bits.registers if bits else self.registers)[name] = found

    def seconds(self, node: Any) -> float:
        """A duration, in seconds."""
        known = {name: value for name, value in self.times.items() if value is not None}
        return Expressions({**self.values, **known}, 3, timing=True).number(node, "a duration")


def _combined(node: Any) -> Any:
    """``a += b`` as the expression ``a + b``."""
    from openqasm3 import ast

    sign = node.op.name.removesuffix("=")
    left = node.lvalue
    if type(left).__name__ == "IndexedIdentifier":
        for group in left.indices[1:]:
            if not isinstance(group, list):
                refuse(node, "a set of elements is not supported here", do="assign one element")
        left = ast.IndexExpression(left.name, [one for group in left.indices for one in group])
    made = ast.BinaryExpression(ast.BinaryOperator[sign], left, node.rvalue)
    made.span = left.span = node.span
    return made
