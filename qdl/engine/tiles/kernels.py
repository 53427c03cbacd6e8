"""The tile kernels: what is done to a tile of a state that stays near the core.

A tile is two arrays [R][lanes] of real numbers, the real and the imaginary parts of R * lanes amplitudes. The bits of
an amplitude's number inside the tile are *row bits* and *lane bits*. A block acts on row bits only, so that every
instruction works on whole vectors; `swap` exchanges lane bits for row bits when a block needs one of them.

The readable twin of `act` and `cross` is `qdl.engine.kernels`; tests hold them against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from qdl.engine.tiles.codes import BITS, ROW_BITS, SORTED
from qdl.engine.tiles.emit import I64, POINTER, Function, Precision


def _rows_of(f: Function, step: Any, index: Any, wires: int) -> list[Any]:
    """The 2**wires rows that one application touches, in the order of the matrix's index."""
    first = f.spread(index, [f.integer(step, SORTED + j) for j in range(wires)])
    strides = [f.power(f.integer(step, BITS + j)) for j in range(wires)]
    rows = []
    for pattern in range(2**wires):
        row = first
        for j in range(wires):
            if pattern >> (wires - 1 - j) & 1:
                row = f.add(row, strides[j])
        rows.append(row)
    return rows


def _load_rows(f: Function, tile: Sequence[Any], rows: list[Any]) -> list[tuple[Any, Any]]:
    re, im = tile
    return [(f.load(f.line(re, r)), f.load(f.line(im, r))) for r in rows]


def emit_act(module: ir.Module, p: Precision, wires: int, adjoint: bool = False) -> ir.Function:
    """act(re, im, rows, step, matrix): the matrix, or its conjugate transpose, on `wires` row bits, in place.

    The matrix is [D][D][2][lanes]: one number for each lane, so that lanes may be samples with matrices of their own.
    """
    name = f"undo{wires}" if adjoint else f"act{wires}"
    f = Function(module, name, [POINTER, POINTER, I64, POINTER, POINTER], p)
    re, im, rows, step, matrix = f.arguments
    size = 2**wires
    with f.loop(f.builder.lshr(rows, f.number(wires))) as index:
        places = _rows_of(f, step, index, wires)
        given = _load_rows(f, (re, im), places)
        for i in range(size):
            real: Any = None
            imag: Any = None
            for j, (a, b) in enumerate(given):
                place = 2 * (j * size + i if adjoint else i * size + j)
                u, v = f.load(f.line(matrix, place)), f.load(f.line(matrix, place + 1))
                down, up = (v, f.negative(v)) if adjoint else (f.negative(v), v)
                real = f.multiply_add(u, a, real)
                imag = f.multiply_add(u, b, imag)
                real = f.multiply_add(down, b, real)
                imag = f.multiply_add(up, a, imag)
            f.store(real, f.line(re, places[i]))
            f.store(imag, f.line(im, places[i]))
    return f.finish()


def emit_grow(module: ir.Module, p: Precision) -> ir.Function:
    """grow(re, im, rows, matrix): as many rows again; psi becomes the matrix's first column times psi."""
    f = Function(module, "grow", [POINTER, POINTER, I64, POINTER], p)
    re, im, rows, matrix = f.arguments
    column = _column(f, matrix)
    with f.loop(rows) as row:
        a, b = _load_rows(f, (re, im), [row])[0]
        for place, (u, v) in zip((row, f.add(row, rows)), column, strict=True):
            f.store(f.multiply_add(u, a, f.multiply_add(f.negative(v), b, None)), f.line(re, place))
            f.store(f.multiply_add(u, b, f.multiply_add(v, a, None)), f.line(im, place))
    return f.finish()


def emit_grow_idle(module: ir.Module, p: Precision) -> ir.Function:
    """grow_idle(re, im, rows): as many rows again, of zeros."""
    f = Function(module, "grow_idle", [POINTER, POINTER, I64], p)
    re, im, rows = f.arguments
    with f.loop(rows) as row:
        for plane in (re, im):
            f.clear(f.line(plane, f.add(row, rows)))
    return f.finish()


def emit_shrink(module: ir.Module, p: Precision) -> ir.Function:
    """shrink(psi_re, psi_im, lam_re, lam_im, rows, matrix, gradient, wanted): undo `grow`, down to `rows` rows.

    With c the column: psi = c^+ psi, gradient[i][0] += sum lam_i conj(psi) if wanted, lam = c^+ lam, per lane.
    """
    f = Function(module, "shrink", [POINTER] * 4 + [I64, POINTER, POINTER, I64], p)
    psi, lam, (rows, matrix, gradient, wanted) = f.arguments[:2], f.arguments[2:4], f.arguments[4:]
    column = _column(f, matrix)
    sums = [(f.accumulator(), f.accumulator()) for _ in column]
    with f.loop(rows) as row:
        places = [row, f.add(row, rows)]
        behind = _load_rows(f, lam, places)
        a, b = _project(f, column, _load_rows(f, psi, places))
        for (c, d), (real, imag) in zip(behind, sums, strict=True):
            f.store(f.multiply_add(d, b, f.multiply_add(c, a, f.load(real))), real)
            f.store(f.multiply_add(f.negative(c), b, f.multiply_add(d, a, f.load(imag))), imag)
        for plane, number in zip((*psi, *lam), (a, b, *_project(f, column, behind)), strict=True):
            f.store(number, f.line(plane, row))
    with f.when(f.builder.icmp_signed("!=", wanted, f.number(0))):
        for place, part in zip((0, 1, 4, 5), [part for pair in sums for part in pair], strict=True):
            f.store(f.builder.fadd(f.load(f.line(gradient, place)), f.load(part)), f.line(gradient, place))
    return f.finish()


def _column(f: Function, matrix: Any) -> list[tuple[Any, Any]]:
    """The first column of a 2 x 2 matrix."""
    numbers = [f.load(f.line(matrix, place)) for place in (0, 1, 4, 5)]
    return [(numbers[0], numbers[1]), (numbers[2], numbers[3])]


def _project(f: Function, column: list[tuple[Any, Any]], given: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """The column's conjugate transpose times two rows."""
    real: Any = None
    imag: Any = None
    for (u, v), (a, b) in zip(column, given, strict=True):
        real = f.multiply_add(v, b, f.multiply_add(u, a, real))
        imag = f.multiply_add(f.negative(v), a, f.multiply_add(u, b, imag))
    return real, imag


def emit_cross(module: ir.Module, p: Precision, wires: int) -> ir.Function:
    """cross(psi_re, psi_im, lam_re, lam_im, rows, step, gradient): gradient[i][j] += sum lam_i conj(psi_j), per lane.

    As many rows of the gradient are summed up at a time as registers can hold.
    """
    f = Function(module, f"cross{wires}", [POINTER] * 4 + [I64, POINTER, POINTER], p)
    psi, lam, (rows, step, gradient) = f.arguments[:2], f.arguments[2:4], f.arguments[4:]
    size = 2**wires
    at_once = max(1, 8 // size)
    for start in range(0, size, at_once):
        wanted = range(start, min(size, start + at_once))
        sums = {(i, j): (f.accumulator(), f.accumulator()) for i in wanted for j in range(size)}
        with f.loop(f.builder.lshr(rows, f.number(wires))) as index:
            places = _rows_of(f, step, index, wires)
            behind = dict(zip(wanted, _load_rows(f, lam, [places[i] for i in wanted]), strict=True))
            for j, (a, b) in enumerate(_load_rows(f, psi, places)):
                for i in wanted:
                    c, d = behind[i]
                    real, imag = sums[i, j]
                    f.store(f.multiply_add(d, b, f.multiply_add(c, a, f.load(real))), real)
                    f.store(f.multiply_add(f.negative(c), b, f.multiply_add(d, a, f.load(imag))), imag)
        for (i, j), parts in sums.items():
            for k, part in enumerate(parts):
                place = f.line(gradient, 2 * (i * size + j) + k)
                f.store(f.builder.fadd(f.load(place), f.load(part)), place)
    return f.finish()


def emit_swap(module: ir.Module, p: Precision, lane_bits: tuple[int, ...]) -> ir.Function:
    """swap(plane, rows, step): exchange lane bits with the step's row bits, which are not in order.

    Exchanging bit j of the lane with a bit of the row is one shuffle for each of two vectors; more bits are done one
    after the other while the vectors are in registers.
    """
    f = Function(module, "swap" + "".join(map(str, lane_bits)), [POINTER, I64, POINTER], p)
    plane, rows, step = f.arguments
    count, lanes = len(lane_bits), range(p.lanes)
    bits = [f.integer(step, BITS + j) for j in range(count)]
    ordered = [f.integer(step, BITS + count + j) for j in range(count)]
    with f.loop(f.builder.lshr(rows, f.number(count))) as index:
        first = f.spread(index, ordered)
        places = []
        for pattern in range(2**count):
            row = first
            for j in range(count):
                if pattern >> j & 1:
                    row = f.add(row, f.power(bits[j]))
            places.append(f.line(plane, row))
        vectors = [f.load(place) for place in places]
        for j, bit in enumerate(lane_bits):
            step_, width = 1 << j, 1 << bit
            low = [n if not n & width else p.lanes + n - width for n in lanes]
            high = [n + width if not n & width else p.lanes + n for n in lanes]
            for v in range(2**count):
                if not v & step_:
                    a, b = vectors[v], vectors[v | step_]
                    vectors[v], vectors[v | step_] = f.shuffle(a, b, low), f.shuffle(a, b, high)
        for vector, place in zip(vectors, places, strict=True):
            f.store(vector, place)
    return f.finish()


def emit_load(module: ir.Module, p: Precision) -> ir.Function:
    """load(state, offsets, rows, re, im): gather a tile's rows, each of `lanes` neighbouring amplitudes."""
    f = Function(module, "load", [POINTER, POINTER, I64, POINTER, POINTER], p)
    state, offsets, rows, re, im = f.arguments
    with f.loop(rows) as row:
        place = f.at(state, f.times(f.integer(offsets, row), 2), p.real)
        a, b = f.load(place, aligned=False), f.load(f.line(place, 1), aligned=False)
        f.store(f.shuffle(a, b, [2 * n for n in range(p.lanes)]), f.line(re, row))
        f.store(f.shuffle(a, b, [2 * n + 1 for n in range(p.lanes)]), f.line(im, row))
    return f.finish()


def emit_store(module: ir.Module, p: Precision) -> ir.Function:
    """store(state, offsets, rows, re, im): undo `load`."""
    f = Function(module, "store", [POINTER, POINTER, I64, POINTER, POINTER], p)
    state, offsets, rows, re, im = f.arguments
    mixed = [k for n in range(p.lanes) for k in (n, p.lanes + n)]
    with f.loop(rows) as row:
        place = f.at(state, f.times(f.integer(offsets, row), 2), p.real)
        a, b = f.load(f.line(re, row)), f.load(f.line(im, row))
        f.store(f.shuffle(a, b, mixed[: p.lanes]), place, aligned=False)
        f.store(f.shuffle(a, b, mixed[p.lanes :]), f.line(place, 1), aligned=False)
    return f.finish()


def emit_start(module: ir.Module, p: Precision) -> ir.Function:
    """start(re, im, offsets, rows, base, inside): |0...0>, where a number has none of the bits `inside`."""
    f = Function(module, "start", [POINTER, POINTER, POINTER, I64, I64, I64], p)
    re, im, offsets, rows, base, inside = f.arguments
    nothing = ir.Constant(p.vector, [0.0] * p.lanes)
    first = ir.Constant(p.vector, [1.0] + [0.0] * (p.lanes - 1))
    with f.loop(rows) as row:
        number = f.builder.and_(f.add(base, f.integer(offsets, row)), inside)
        is_ground = f.builder.icmp_signed("==", number, f.number(0))
        f.store(f.builder.select(is_ground, first, nothing), f.line(re, row))
        f.store(nothing, f.line(im, row))
    return f.finish()


def emit_read(module: ir.Module, p: Precision) -> ir.Function:
    """read(re, im, spare, rows, words, count, base, values): values[w] += sum over rows of +-|psi|^2, per lane.

    The sign is the parity of the bits of a row's number, and the base's, that the word's mask has. `spare` is an array
    of a tile's size to work in.
    """
    f = Function(module, "read", [POINTER] * 3 + [I64, POINTER, I64, I64, POINTER], p)
    re, im, spare, rows, words, count, base, values = f.arguments
    with f.loop(rows) as row:
        a, b = f.load(f.line(re, row)), f.load(f.line(im, row))
        f.store(f.multiply_add(a, a, f.multiply_add(b, b, None)), f.line(spare, row))
    with f.loop(count) as word:
        total, mask = f.accumulator(), f.integer(words, word)
        f.clear(total)
        with f.loop(rows) as row:
            signed = f.signed(f.load(f.line(spare, row)), f.parity(_number(f, row, base), mask))
            f.store(f.builder.fadd(f.load(total), signed), total)
        place = f.line(values, word)
        f.store(f.builder.fadd(f.load(place), f.load(total)), place)
    return f.finish()


def emit_pull(module: ir.Module, p: Precision) -> ir.Function:
    """pull(psi_re, psi_im, lam_re, lam_im, rows, words, count, base, weights): lam = sum_w +-weights[w] psi."""
    f = Function(module, "pull", [POINTER] * 4 + [I64, POINTER, I64, I64, POINTER], p)
    psi, lam, (rows, words, count, base, weights) = f.arguments[:2], f.arguments[2:4], f.arguments[4:]
    total = f.accumulator()
    with f.loop(rows) as row:
        f.clear(total)
        with f.loop(count) as word:
            odd = f.parity(_number(f, row, base), f.integer(words, word))
            f.store(f.builder.fadd(f.load(total), f.signed(f.load(f.line(weights, word)), odd)), total)
        for one, other in zip(psi, lam, strict=True):
            f.store(f.multiply_add(f.load(f.line(one, row)), f.load(total), None), f.line(other, row))
    return f.finish()


def _number(f: Function, row: Any, base: Any) -> Any:
    return f.builder.or_(row, f.builder.shl(base, f.number(ROW_BITS)))
