"""The two entry points: carry a program out on some tiles, forwards, or backwards with every block's gradient.

Their one argument is an array of 64-bit integers, addresses among them, in the order of `FORWARD` and `REVERSE`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from llvmlite import ir

from qdl.engine.tiles import building, codes, kernels
from qdl.engine.tiles.building import BUILD
from qdl.engine.tiles.emit import I32, I64, POINTER, Function, Precision

COMMON = (
    *BUILD,  # matrices of the tile's group, if they are made on the way: then `grouped` is where they are made
    "first", "last",  # the tiles to work on
    "bases", "groups",  # of each tile: its first amplitude in the state, and the group of matrices it takes
    "rows", "sources", "targets",  # rows of a tile; the amplitudes they are read from and written to, from the base
    "steps", "program",  # how many, and where
    "shared", "grouped", "stride",  # matrices; vectors between two groups' matrices
    "inside",  # the bits of an amplitude's number in its own state
    "words", "count", "weights",  # masks of the words that are read, how many, and their values or weights, by group
    "scratch",
)  # fmt: skip
FORWARD = (*COMMON, "source", "target", "grows")  # a source 0 stands for |0...0>, which `grows` or is there at once
REVERSE = (
    *COMMON,
    "psi_source", "psi_target", "lam_source", "lam_target",  # a target 0 is not written; lam_source 0: by the words
    "shared_gradient", "grouped_gradient", "gradient_stride",
)  # fmt: skip

SHEET = (
    *BUILD,
    "spots", "sheet",  # where each lane's matrix goes in a sheet, or its gradient comes from, in vectors; -1: nowhere
    "copies", "copy_stride",  # how many sheets of gradients there are to sum, and vectors between them
)  # fmt: skip
ENTRIES = ("forward", "reverse", "make", "unmake", "team")
FORWARD_ENTRY, REVERSE_ENTRY, MAKE_ENTRY, UNMAKE_ENTRY, TEAM_ENTRY = range(5)


def emit(bits: int, widest: int) -> ir.Module:
    """The module of the kernels for blocks up to `widest` wires, in single (32) or double (64) precision."""
    module, p = ir.Module("tiles"), Precision(bits)
    tools: dict[Any, Any] = {
        "load": kernels.emit_load(module, p),
        "store": kernels.emit_store(module, p),
        "start": kernels.emit_start(module, p),
        "read": kernels.emit_read(module, p),
        "pull": kernels.emit_pull(module, p),
        "all": kernels.emit_swap(module, p, tuple(range(_log(p.lanes)))),
        "one": [kernels.emit_swap(module, p, (j,)) for j in range(_log(p.lanes))],
        "grow": kernels.emit_grow(module, p),
        "grow_idle": kernels.emit_grow_idle(module, p),
        "shrink": kernels.emit_shrink(module, p),
        "act": {k: kernels.emit_act(module, p, k) for k in range(1, widest + 1)},
        "undo": {k: kernels.emit_act(module, p, k, adjoint=True) for k in range(1, widest + 1)},
        "cross": {k: kernels.emit_cross(module, p, k) for k in range(1, widest + 1)},
    }
    _emit_build(module, p, tools, widest)
    _emit_unbuild(module, p, tools, widest)
    _emit_team(module, p)
    _emit_make(module, p, tools)
    _emit_unmake(module, p, tools)
    _emit_forward(module, p, tools)
    _emit_reverse(module, p, tools)
    return module


def _log(number: int) -> int:
    return number.bit_length() - 1


class _Entry(Function):
    """An entry point: its named arguments, and what both have in common."""

    def __init__(
        self, module: ir.Module, name: str, names: Sequence[str], precision: Precision, more: Sequence[Any] = ()
    ) -> None:
        super().__init__(module, name, [POINTER, *more], precision, public=name in ENTRIES)
        self.named = {n: self.integer(self.arguments[0], k) for k, n in enumerate(names)}

    def pointer(self, name: str) -> Any:
        return self.builder.inttoptr(self.named[name], POINTER)

    def zero(self, name: str, count: Any) -> None:
        """Zeros in some vectors."""
        with self.loop(count) as index:
            self.clear(self.line(self.pointer(name), index))

    def planes(self, count: int) -> list[Any]:
        """Scratch arrays of a tile's size."""
        size = self.named["rows"]
        return [self.line(self.pointer("scratch"), self.times(size, k)) for k in range(count)]

    def state(self, name: str, base: Any) -> Any:
        """The address of a tile's first amplitude."""
        return self.at(self.pointer(name), self.times(base, 2), self.precision.real)

    def words(self, group: Any, base: Any) -> list[Any]:
        """What reading the words takes: masks, how many, the tile's base, and where their values or weights lie."""
        count = self.named["count"]
        return [self.pointer("words"), count, base, self.line(self.pointer("weights"), self.times(group, count))]

    def matrix(self, step: Any, base: str, of_group: Any, slot: int, shared: str) -> Any:
        """Where the matrix or gradient of a step lies: among the shared ones, or those of the tile's group."""
        b = self.builder
        is_grouped = b.icmp_signed("!=", self.integer(step, codes.OF_GROUP), self.number(0))
        start = b.select(is_grouped, self.line(self.pointer(base), of_group), self.pointer(shared))
        return self.line(start, self.integer(step, slot))


def _emit_forward(module: ir.Module, p: Precision, tools: dict[Any, Any]) -> None:
    f = _Entry(module, "forward", FORWARD, p)
    n, b = f.named, f.builder
    re, im, spare = f.planes(3)
    alive = f.variable(n["rows"])
    with f.loop(n["last"], n["first"]) as tile:
        base = f.integer(f.pointer("bases"), tile)
        number = f.integer(f.pointer("groups"), tile)
        group = f.times(number, n["stride"])
        b.store(n["rows"], alive)
        with f.when(b.icmp_signed("!=", n["chains"], f.number(0))):
            b.call(tools["build"], [f.arguments[0], number])
        with f.either(b.icmp_signed("==", n["source"], f.number(0))) as (ground, given):
            with ground, f.either(b.icmp_signed("!=", n["grows"], f.number(0))) as (grows, whole):
                with grows:
                    f.store(f.alike(ir.Constant(p.real, 1.0)), re)
                    f.clear(im)
                    b.store(f.number(1), alive)
                with whole:
                    b.call(tools["start"], [re, im, f.pointer("sources"), n["rows"], base, n["inside"]])
            with given:
                b.call(tools["load"], [f.state("source", base), f.pointer("sources"), n["rows"], re, im])
        with f.loop(n["steps"]) as index:
            step = f.at(f.pointer("program"), f.times(index, codes.STEP), kernels.I64)
            rows = b.load(alive, typ=I64)
            _swaps(f, step, [re, im], rows, tools)
            matrix = f.matrix(step, "grouped", group, codes.MATRIX, "shared")
            for wires, act in tools["act"].items():
                with f.when(_is(f, step, wires)):
                    b.call(act, [re, im, rows, step, matrix])
            with f.when(_is(f, step, codes.GROW)):
                b.call(tools["grow"], [re, im, rows, matrix])
            with f.when(_is(f, step, codes.GROW_IDLE)):
                b.call(tools["grow_idle"], [re, im, rows])
            with f.when(b.icmp_signed(">=", f.integer(step, codes.KIND), f.number(codes.GROW))):
                b.store(f.add(rows, rows), alive)
            with f.when(_is(f, step, codes.READ)):
                b.call(tools["read"], [re, im, spare, rows, *f.words(number, base)])
        b.call(tools["store"], [f.state("target", base), f.pointer("targets"), n["rows"], re, im])
    f.finish()


def _emit_team(module: ir.Module, p: Precision) -> None:
    """team(data): what each thread runs. It asks for its number, and calls the entry point with arguments of its own.

    `data` holds the addresses of the function that numbers threads, of the entry point, and of each thread's arguments.
    """
    f = Function(module, "team", [POINTER], p, public=True)
    b, data = f.builder, f.arguments[0]
    number = b.inttoptr(f.integer(data, 0), ir.FunctionType(I32, []).as_pointer())
    entry = b.inttoptr(f.integer(data, 1), ir.FunctionType(ir.VoidType(), [POINTER]).as_pointer())
    own = b.sext(b.call(number, []), kernels.I64)
    b.call(entry, [b.inttoptr(f.integer(data, f.add(own, 2)), POINTER)])
    f.finish()


def _emit_build(module: ir.Module, p: Precision, tools: dict[Any, Any], widest: int) -> None:
    """build(data, group): the matrices of one group, from their angles; `data` are an entry point's arguments."""
    places, features = building.emit_places(module, p), building.emit_features(module, p)
    chains = {k: building.emit_chain(module, p, 2**k) for k in range(1, widest + 1)}
    f = _Entry(module, "build", BUILD, p, [I64])
    n, b = f.named, f.builder
    sizes = [n[k] for k in ("group_step", "lane_step", "last_sample", "angle_stride")]
    b.call(places, [f.pointer("lane_places"), f.arguments[1], *sizes])
    b.call(features, [*_waves(f), f.pointer("values")])
    with f.loop(n["chains"]) as index:
        wires, feature, wave, product, _, count, length = _chain(f, index)
        given = [f.line(f.pointer("values"), feature), f.line(f.pointer("waves"), wave), count, length]
        for k, chain in chains.items():
            with f.when(b.icmp_signed("==", wires, f.number(k))):
                b.call(chain, [*given, *(f.line(f.pointer(name), product) for name in ("links", "products"))])
    tools["build"] = f.finish()


def _emit_unbuild(module: ir.Module, p: Precision, tools: dict[Any, Any], widest: int) -> None:
    """unbuild(data): after `build`, from the gradients of the matrices to those of the angles."""
    scatter = building.emit_scatter(module, p)
    chains = {k: building.emit_unchain(module, p, 2**k) for k in range(1, widest + 1)}
    f = _Entry(module, "unbuild", BUILD, p)
    b = f.builder
    with f.loop(f.named["chains"]) as index:
        wires, feature, wave, product, matrix, count, length = _chain(f, index)
        given = [f.line(f.pointer("gradients"), matrix), f.line(f.pointer("waves"), wave), count, length]
        kept = [f.line(f.pointer(name), product) for name in ("links", "products")]
        for k, chain in chains.items():
            with f.when(b.icmp_signed("==", wires, f.number(k))):
                b.call(chain, [*given, *kept, f.line(f.pointer("slopes"), feature), f.pointer("spare")])
    b.call(scatter, [*_waves(f), *(f.pointer(name) for name in ("slopes", "spare", "slopes_out"))])
    tools["unbuild"] = f.finish()


def _chain(f: _Entry, index: Any) -> list[Any]:
    row = f.at(f.pointer("chain_program"), f.times(index, codes.CHAIN), kernels.I64)
    return [f.integer(row, k) for k in range(codes.CHAIN)]


def _waves(f: _Entry) -> list[Any]:
    names = ("angles", "lane_places", "index", "rates", "offsets")
    return [*(f.pointer(name) for name in names), f.named["features"]]


def _emit_make(module: ir.Module, p: Precision, tools: dict[Any, Any]) -> None:
    """Build one group whose lanes are blocks, and lay each lane's matrix into the sheet, the same in all lanes."""
    f = _Entry(module, "make", SHEET, p)
    f.builder.call(tools["build"], [f.arguments[0], f.number(0)])
    with _spots(f) as (product, _, lane, spot, whole), f.loop(whole) as k:
        source = f.at(f.line(f.pointer("products"), f.add(product, k)), lane, p.real)
        number = f.builder.load(source, align=p.bits // 8, typ=p.real)
        f.store(f.alike(number), f.line(f.pointer("sheet"), f.add(spot, k)))
    f.finish()


def _emit_unmake(module: ir.Module, p: Precision, tools: dict[Any, Any]) -> None:
    """After `make`: from the gradients of a sheet's matrices, summed over lanes and copies, to those of the angles."""
    f = _Entry(module, "unmake", SHEET, p)
    n, b = f.named, f.builder
    f.zero("gradients", n["gradient_size"])
    total = f.accumulator()
    with _spots(f) as (_, matrix, lane, spot, whole), f.loop(whole) as k:
        f.clear(total)
        with f.loop(n["copies"]) as copy:
            place = f.line(f.pointer("sheet"), f.add(f.times(copy, n["copy_stride"]), f.add(spot, k)))
            f.store(b.fadd(f.load(total), f.load(place)), total)
        target = f.at(f.line(f.pointer("gradients"), f.add(matrix, k)), lane, p.real)
        b.store(f.total(f.load(total)), target, align=p.bits // 8)
    b.call(tools["unbuild"], [f.arguments[0]])
    f.finish()


@contextmanager
def _spots(f: _Entry) -> Iterator[tuple[Any, ...]]:
    """For every chain and lane that has a spot: its product, its gradient, the lane, the spot, the matrix' size."""
    b = f.builder
    with f.loop(f.named["chains"]) as index:
        wires, _, _, product, matrix, _, length = _chain(f, index)
        whole = f.power(f.add(f.times(wires, 2), 1))
        last = f.add(product, f.times(b.sub(length, f.number(1)), whole))
        with f.loop(f.precision.lanes) as lane:
            spot = f.integer(f.pointer("spots"), f.add(f.times(index, f.precision.lanes), lane))
            with f.when(b.icmp_signed(">=", spot, f.number(0))):
                yield last, matrix, lane, spot, whole


def _emit_reverse(module: ir.Module, p: Precision, tools: dict[Any, Any]) -> None:
    """Backwards: psi <- M^+ psi, dM += lam psi^+, lam <- M^+ lam for each block."""
    f = _Entry(module, "reverse", REVERSE, p)
    n, b = f.named, f.builder
    planes = f.planes(4)
    psi, lam = planes[:2], planes[2:]
    alive = f.variable(n["rows"])
    with f.loop(n["last"], n["first"]) as tile:
        b.store(n["rows"], alive)
        base = f.integer(f.pointer("bases"), tile)
        number = f.integer(f.pointer("groups"), tile)
        group, gradients = f.times(number, n["stride"]), f.times(number, n["gradient_stride"])
        builds = b.icmp_signed("!=", n["chains"], f.number(0))
        with f.when(builds):
            b.call(tools["build"], [f.arguments[0], number])
            f.zero("gradients", n["gradient_size"])
        for name, state in (("psi", psi), ("lam", lam)):
            with f.when(b.icmp_signed("!=", n[f"{name}_source"], f.number(0))):
                b.call(tools["load"], [f.state(f"{name}_source", base), f.pointer("sources"), n["rows"], *state])
        with f.loop(n["steps"]) as index:
            step = f.at(f.pointer("program"), f.times(index, codes.STEP), kernels.I64)
            with f.when(b.icmp_signed(">=", f.integer(step, codes.KIND), f.number(codes.GROW))):
                b.store(b.lshr(b.load(alive, typ=I64), f.number(1)), alive)
            rows = b.load(alive, typ=I64)
            _swaps(f, step, planes, rows, tools)
            matrix = f.matrix(step, "grouped", group, codes.MATRIX, "shared")
            gradient = f.matrix(step, "grouped_gradient", gradients, codes.GRADIENT, "shared_gradient")
            wanted = b.icmp_signed(">=", f.integer(step, codes.GRADIENT), f.number(0))
            for wires, undo in tools["undo"].items():
                with f.when(_is(f, step, wires)):
                    b.call(undo, [*psi, rows, step, matrix])
                    with f.when(wanted):
                        b.call(tools["cross"][wires], [*psi, *lam, rows, step, gradient])
                    b.call(undo, [*lam, rows, step, matrix])
            with f.when(_is(f, step, codes.GROW)):  # what grew in |0> just goes
                b.call(tools["shrink"], [*planes, rows, matrix, gradient, b.zext(wanted, I64)])
            with f.when(_is(f, step, codes.READ)):
                b.call(tools["pull"], [*planes, rows, *f.words(number, base)])
        for name, state in (("psi", psi), ("lam", lam)):
            with f.when(b.icmp_signed("!=", n[f"{name}_target"], f.number(0))):
                b.call(tools["store"], [f.state(f"{name}_target", base), f.pointer("targets"), n["rows"], *state])
        with f.when(b.and_(builds, b.icmp_signed("!=", n["slopes_out"], f.number(0)))):
            b.call(tools["unbuild"], [f.arguments[0]])
    f.finish()


def _is(f: Function, step: Any, kind: int) -> Any:
    return f.builder.icmp_signed("==", f.integer(step, codes.KIND), f.number(kind))


def _swaps(f: _Entry, step: Any, planes: Sequence[Any], rows: Any, tools: dict[Any, Any]) -> None:
    """Carry out a step that exchanges lane bits."""
    choices = [(codes.SWAP_ALL, tools["all"])]
    choices += [(codes.SWAP_ONE + j, one) for j, one in enumerate(tools["one"])]
    with f.when(f.builder.icmp_signed(">=", f.integer(step, codes.KIND), f.number(codes.SWAP_ALL))):
        for kind, swap in choices:
            with f.when(_is(f, step, kind)):
                for plane in planes:
                    f.builder.call(swap, [plane, rows, step])


@cache
def compiled(bits: int, widest: int) -> tuple[Any, ...]:
    """The entry points, in the order of `ENTRIES`, as functions of an address. Calling them releases Python's lock."""
    from ctypes import CFUNCTYPE, c_int64

    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    with _uncollected():
        text = str(emit(bits, widest))
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(llvm.get_host_cpu_name(), features, opt=3)
    parsed = llvm.parse_assembly(text)
    parsed.verify()
    tuning = llvm.create_pipeline_tuning_options()
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()  # accumulators into registers; the rest is written as it shall run
    passes.run(parsed, llvm.create_pass_builder(machine, tuning))
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    kind = CFUNCTYPE(None, c_int64)
    _KEPT.append(engine)
    return tuple(kind(engine.get_function_address(name)) for name in ENTRIES)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collections: writing a module makes many objects, and torch has many to search."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


_KEPT: list[Any] = []  # code lives as long as the engine that made it
