"""A thin hand on LLVM's builder: vectors of one cache line, loops, and index arithmetic.

Everything a kernel holds is a vector of `lanes` floats, 64 bytes, whatever the processor's own registers are: LLVM
splits or joins them. So one source serves AVX-512, AVX2 and NEON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

I64 = ir.IntType(64)
I32 = ir.IntType(32)
POINTER = ir.PointerType()
LINE = 64  # bytes of a vector
CONTRACT = ("contract",)  # a product and a sum may become one fused operation


class Precision:
    """The real numbers a kernel computes with."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.real = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.lanes = 8 * LINE // bits
        self.vector = ir.VectorType(self.real, self.lanes)


class Function:
    """A function being written.

    Parameters
    ----------
    module : llvmlite.ir.Module
    name : str
    arguments : sequence of LLVM types
    precision : Precision
    public : bool
        Whether it can be called from outside the module.
    """

    def __init__(
        self, module: ir.Module, name: str, arguments: Sequence[Any], precision: Precision, public: bool = False
    ) -> None:
        self.value = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
        if not public:
            self.value.linkage = "internal"
        self.builder = ir.IRBuilder(self.value.append_basic_block("entry"))
        self.precision = precision

    @property
    def arguments(self) -> Sequence[Any]:
        return self.value.args

    def finish(self) -> ir.Function:
        """End the function."""
        self.builder.ret_void()
        return self.value

    # Integers

    def number(self, value: Any) -> Any:
        """A 64-bit integer, given as one of Python's or of LLVM's."""
        return ir.Constant(I64, value) if isinstance(value, int) else value

    def add(self, a: Any, b: Any) -> Any:
        return self.builder.add(self.number(a), self.number(b))

    def times(self, a: Any, b: Any) -> Any:
        return self.builder.mul(self.number(a), self.number(b))

    def power(self, exponent: Any) -> Any:
        """2**exponent."""
        return self.builder.shl(self.number(1), self.number(exponent))

    def spread(self, index: Any, bits: Sequence[Any]) -> Any:
        """The index with a zero inserted at each of the given bits, which ascend."""
        b = self.builder
        for bit in bits:
            low = b.and_(index, b.sub(self.power(bit), self.number(1)))
            index = b.or_(b.shl(b.lshr(index, bit), b.add(bit, self.number(1))), low)
        return index

    # Memory

    def at(self, pointer: Any, index: Any, kind: Any) -> Any:
        """The address of an element."""
        return self.builder.gep(pointer, [self.number(index)], source_etype=kind)

    def integer(self, pointer: Any, index: Any) -> Any:
        """An element of an array of 64-bit integers."""
        return self.builder.load(self.at(pointer, index, I64), typ=I64)

    def load(self, pointer: Any, aligned: bool = True) -> Any:
        """The vector at an address."""
        p = self.precision
        return self.builder.load(pointer, align=LINE if aligned else p.bits // 8, typ=p.vector)

    def store(self, vector: Any, pointer: Any, aligned: bool = True) -> None:
        self.builder.store(vector, pointer, align=LINE if aligned else self.precision.bits // 8)

    def line(self, pointer: Any, index: Any) -> Any:
        """The address of vector number `index` behind a pointer."""
        return self.at(pointer, index, self.precision.vector)

    # Vectors

    def shuffle(self, a: Any, b: Any, mask: Sequence[int]) -> Any:
        """Lanes of a, then lanes of b, chosen by number."""
        constant = ir.Constant(ir.VectorType(I32, len(mask)), list(mask))
        return self.builder.shuffle_vector(a, b, constant)

    def multiply_add(self, a: Any, b: Any, c: Any | None) -> Any:
        """a * b + c, or a * b."""
        product = self.builder.fmul(a, b, flags=CONTRACT)
        return product if c is None else self.builder.fadd(product, c, flags=CONTRACT)

    def intrinsic(self, name: str, *vectors: Any) -> Any:
        """One of LLVM's own functions, lane by lane."""
        p, module = self.precision, self.builder.module
        full = f"llvm.{name}.v{p.lanes}f{p.bits}"
        if full not in module.globals:
            ir.Function(module, ir.FunctionType(p.vector, [p.vector] * len(vectors)), full)
        return self.builder.call(module.globals[full], vectors)

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def sum(self, vectors: Sequence[Any]) -> Any:
        """The sum of vectors, pair by pair."""
        vectors = list(vectors)
        while len(vectors) > 1:
            vectors = [self.builder.fadd(a, b) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
        return vectors[0]

    def negative(self, a: Any) -> Any:
        return self.builder.fneg(a)

    def alike(self, number: Any, kind: Any = None) -> Any:
        """A vector of one number, real unless another type of vector is given."""
        nothing = ir.Constant(kind or self.precision.vector, ir.Undefined)
        one = self.builder.insert_element(nothing, number, ir.Constant(I32, 0))
        return self.shuffle(one, nothing, [0] * self.precision.lanes)

    def total(self, vector: Any) -> Any:
        """The sum of a vector's numbers, half added to half."""
        width = self.precision.lanes
        while width > 1:
            width //= 2
            mask = [(k + width) % self.precision.lanes for k in range(self.precision.lanes)]
            vector = self.builder.fadd(vector, self.shuffle(vector, vector, mask))
        return self.builder.extract_element(vector, ir.Constant(I32, 0))

    def accumulator(self) -> Any:
        """The address of a vector that lives in a register, zero where it is made."""
        with self.builder.goto_entry_block():
            place = self.builder.alloca(self.precision.vector)
            place.align = LINE
        self.clear(place)
        return place

    def clear(self, place: Any) -> None:
        """Zero in an accumulator."""
        self.store(ir.Constant(self.precision.vector, [0.0] * self.precision.lanes), place)

    def variable(self, value: Any) -> Any:
        """The address of an integer that lives in a register."""
        with self.builder.goto_entry_block():
            place = self.builder.alloca(I64)
        self.builder.store(value, place)
        return place

    def parity(self, number: Any, mask: Any) -> Any:
        """0 or 1: whether the number has an odd count of the mask's bits."""
        return self.builder.and_(self.builder.ctpop(self.builder.and_(number, mask)), self.number(1))

    def signed(self, a: Any, odd: Any) -> Any:
        """a, or -a where `odd` is 1, by its sign bit."""
        b, p = self.builder, self.precision
        kind = ir.IntType(p.bits)
        sign = b.shl(b.trunc(odd, kind) if p.bits < 64 else odd, ir.Constant(kind, p.bits - 1))
        whole = ir.VectorType(kind, p.lanes)
        return b.bitcast(b.xor(b.bitcast(a, whole), self.alike(sign, whole)), p.vector)

    # Control

    @contextmanager
    def loop(self, stop: Any, start: Any = 0) -> Iterator[Any]:
        """Repeat what is written inside for each integer from `start` up to `stop`."""
        b = self.builder
        start, stop = self.number(start), self.number(stop)
        head, body, end = (self.value.append_basic_block() for _ in range(3))
        before = b.block
        b.branch(head)
        b.position_at_end(head)
        index = b.phi(I64)
        index.add_incoming(start, before)
        b.cbranch(b.icmp_signed("<", index, stop), body, end)
        b.position_at_end(body)
        yield index
        index.add_incoming(b.add(index, ir.Constant(I64, 1)), b.block)
        b.branch(head)
        b.position_at_end(end)

    @contextmanager
    def when(self, condition: Any) -> Iterator[None]:
        """Do what is written inside if the condition holds."""
        with self.builder.if_then(condition):
            yield

    @contextmanager
    def either(self, condition: Any) -> Iterator[Any]:
        """Two branches to write into, if the condition holds and if not."""
        with self.builder.if_else(condition) as branches:
            yield branches
