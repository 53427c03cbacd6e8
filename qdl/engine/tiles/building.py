"""Kernels that build matrices from angles, one in each lane, and take their gradients back to the angles.

A matrix is a product of gates, a gate a sum of waves cos(angle rate + offset) times constants (`engine.stacks`).
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
from llvmlite import ir

from qdl.engine.tiles.codes import AT_ONCE
from qdl.engine.tiles.emit import I32, I64, POINTER, Function, Precision

BUILD = (
    "chains", "chain_program",  # how many, and where: `CHAIN` integers each; 0 if there is nothing to build
    "features", "index", "rates", "offsets", "waves",  # how many waves; of each, and each lane, what it is made of
    "angles", "slopes_out",  # an array of angles, and one like it that their gradients are added to
    "angle_stride", "group_step", "lane_step", "last_sample",  # where a lane's angles lie, in terms of samples
    "lane_places", "values", "slopes", "links", "products", "gradients", "gradient_size", "spare",  # to work in
)  # fmt: skip
PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494459")


def emit_places(module: ir.Module, p: Precision) -> ir.Function:
    """places(out, group, group_step, lane_step, last, stride): where the angles of each lane's sample start."""
    f = Function(module, "places", [POINTER] + [I64] * 5, p)
    out, group, group_step, lane_step, last, stride = f.arguments
    b = f.builder
    with f.loop(p.lanes) as lane:
        sample = f.add(f.times(group, group_step), f.times(lane, lane_step))
        sample = b.select(b.icmp_signed("<", sample, last), sample, last)
        b.store(f.times(sample, stride), f.at(out, lane, I64))
    return f.finish()


def _spot(f: Function, places: Any, index: Any, feature: Any, lane: Any) -> Any:
    """The number of the angle that a feature of a lane depends on."""
    return f.add(f.integer(places, lane), f.integer(index, f.add(f.times(feature, f.precision.lanes), lane)))


def _phase(f: Function, angles: Any, places: Any, index: Any, feature: Any, rates: Any, offsets: Any) -> Any:
    p, b = f.precision, f.builder
    taken: Any = ir.Constant(p.vector, ir.Undefined)
    for lane in range(p.lanes):
        place = f.at(angles, _spot(f, places, index, feature, lane), p.real)
        taken = b.insert_element(taken, b.load(place, align=p.bits // 8, typ=p.real), ir.Constant(I32, lane))
    return f.fused(taken, f.load(f.line(rates, feature)), f.load(f.line(offsets, feature)))


def cosine(f: Function, x: Any, sine: bool = False) -> Any:
    """cos(x), or sin(x), of a vector: Taylor's series within 45 degrees of the nearest multiple of 90 degrees."""
    p, b = f.precision, f.builder
    real = np.float32 if p.bits == 32 else np.float64
    kind = ir.VectorType(ir.IntType(p.bits), p.lanes)

    def number(value: Any) -> Any:
        return ir.Constant(p.vector, [float(real(value))] * p.lanes)

    def integer(value: int) -> Any:
        return ir.Constant(kind, [value] * p.lanes)

    turns = f.intrinsic("rint", b.fmul(x, number(2 / PI)))
    rest, left = x, PI / 2
    for _ in range(3):  # subtracted in parts that add up to thrice the precision
        part = Fraction(float(real(float(left))))
        rest, left = f.fused(b.fneg(turns), number(float(part)), rest), left - part
    for beyond, bound in ((">", 0.8), ("<", -0.8)):  # angles too large to have a phase get some phase; NaN stays NaN
        rest = b.select(b.fcmp_ordered(beyond, rest, number(bound)), number(bound), rest)
    square = b.fmul(rest, rest)
    terms = 5 if p.bits == 32 else 9
    series = []
    for odd in (0, 1):
        total = number(0.0)
        for k in reversed(range(terms + 1 - odd)):
            total = f.fused(total, square, number((-1) ** k / factorial(2 * k + odd)))
        series.append(b.fmul(total, rest) if odd else total)
    quarter = b.fptosi(turns, kind)
    swapped = b.icmp_signed("!=", b.and_(quarter, integer(1)), integer(0))
    first, second = (series[1], series[0]) if sine else (series[0], series[1])
    chosen = b.select(swapped, second, first)
    sign = b.shl(b.and_(quarter if sine else b.add(quarter, integer(1)), integer(2)), integer(p.bits - 2))
    return b.bitcast(b.xor(b.bitcast(chosen, kind), sign), p.vector)


def emit_features(module: ir.Module, p: Precision) -> ir.Function:
    """features(angles, places, index, rates, offsets, count, out): the waves at the angles of each lane."""
    f = Function(module, "features", [POINTER] * 5 + [I64, POINTER], p)
    angles, places, index, rates, offsets, count, out = f.arguments
    with f.loop(count) as feature:
        f.store(cosine(f, _phase(f, angles, places, index, feature, rates, offsets)), f.line(out, feature))
    return f.finish()


def emit_scatter(module: ir.Module, p: Precision) -> ir.Function:
    """scatter(angles, places, index, rates, offsets, count, slopes, spare, out): from waves' gradients to angles'."""
    f = Function(module, "scatter", [POINTER] * 5 + [I64] + [POINTER] * 3, p)
    angles, places, index, rates, offsets, count, slopes, spare, out = f.arguments
    b = f.builder
    with f.loop(count) as feature:
        sine = cosine(f, _phase(f, angles, places, index, feature, rates, offsets), sine=True)
        slope = b.fmul(f.load(f.line(slopes, feature)), f.load(f.line(rates, feature)))
        f.store(b.fneg(b.fmul(slope, sine)), spare)
        with f.loop(p.lanes) as lane:  # one after the other: lanes may share an angle
            place = f.at(out, _spot(f, places, index, feature, lane), p.real)
            more = b.load(f.at(spare, lane, p.real), align=p.bits // 8, typ=p.real)
            total = b.fadd(b.load(place, align=p.bits // 8, typ=p.real), more)
            b.store(total, place, align=p.bits // 8)
    return f.finish()


def _sum_waves(f: Function, features: Any, waves: Any, count: Any, size: int, out: Any) -> None:
    """out[D][D][2] = sum of `count` features times their constant matrices, as many numbers at a time as D = 2 has."""
    whole = 2 * size * size
    totals = [f.accumulator() for _ in range(AT_ONCE)]
    with f.loop(whole // AT_ONCE) as part:
        first = f.times(part, AT_ONCE)
        for total in totals:
            f.clear(total)
        with f.loop(count) as wave:
            feature, constants = f.load(f.line(features, wave)), f.line(waves, f.add(f.times(wave, whole), first))
            for k, total in enumerate(totals):
                f.store(f.multiply_add(feature, f.load(f.line(constants, k)), f.load(total)), total)
        for k, total in enumerate(totals):
            f.store(f.load(total), f.line(out, f.add(first, k)))


def _copy(f: Function, source: Any, target: Any, count: int) -> None:
    with f.loop(count) as k:
        f.store(f.load(f.line(source, k)), f.line(target, k))


def _multiply(f: Function, one: Any, other: Any, out: Any, size: int, left: bool = False, right: bool = False) -> None:
    """out = one other, with the conjugate transpose of `one` (left) or of `other` (right)."""
    width = min(size, 4)  # neighbours that are summed up side by side
    sums = [(f.accumulator(), f.accumulator()) for _ in range(width)]
    with f.loop(size) as i, f.loop(size // width) as part:
        for pair in sums:
            for total in pair:
                f.clear(total)
        with f.loop(size) as k:
            a, b = _entry(f, one, k, i, size) if left else _entry(f, one, i, k, size)
            b = f.negative(b) if left else b
            for n, (real, imag) in enumerate(sums):
                j = f.add(f.times(part, width), n)
                c, d = _entry(f, other, j, k, size) if right else _entry(f, other, k, j, size)
                d = f.negative(d) if right else d
                f.store(f.multiply_add(f.negative(b), d, f.multiply_add(a, c, f.load(real))), real)
                f.store(f.multiply_add(b, c, f.multiply_add(a, d, f.load(imag))), imag)
        first = f.times(f.add(f.times(i, size), f.times(part, width)), 2)
        for n, total in enumerate(total for pair in sums for total in pair):
            f.store(f.load(total), f.line(out, f.add(first, n)))


def _entry(f: Function, matrix: Any, row: Any, column: Any, size: int) -> tuple[Any, Any]:
    place = f.times(f.add(f.times(row, size), column), 2)
    return f.load(f.line(matrix, place)), f.load(f.line(matrix, f.add(place, 1)))


def emit_chain(module: ir.Module, p: Precision, size: int) -> ir.Function:
    """chain(features, waves, count, length, links, products): products of gates, one for each lane.

    Gate l is the sum over f of features[l][f] waves[l][f]; products[l] = gate_l ... gate_1 gate_0. All matrices are
    [D][D][2][lanes]; `links` keeps the gates but the first, which is a product itself.
    """
    f = Function(module, f"chain{size}", [POINTER, POINTER, I64, I64, POINTER, POINTER], p)
    features, waves, count, length, links, products = f.arguments
    whole = 2 * size * size
    with f.loop(length) as link:
        gate, product = f.line(links, f.times(link, whole)), f.line(products, f.times(link, whole))
        first = f.times(link, count)
        is_first = f.builder.icmp_signed("==", link, f.number(0))
        made = f.builder.select(is_first, product, gate)
        _sum_waves(f, f.line(features, first), f.line(waves, f.times(first, whole)), count, size, made)
        with f.when(f.builder.not_(is_first)):
            _multiply(f, gate, f.line(products, f.times(f.builder.sub(link, f.number(1)), whole)), product, size)
    return f.finish()


def emit_unchain(module: ir.Module, p: Precision, size: int) -> ir.Function:
    """unchain(gradient, waves, count, length, links, products, slopes, spare): the gradients of the features.

    With M = A G B and the gradient g of M, that of G is A^+ g B^+, and that of a feature its real product with the
    constant. `gradient`, of the last product, is overwritten; `spare` holds one matrix.
    """
    f = Function(module, f"unchain{size}", [POINTER, POINTER, I64, I64] + [POINTER] * 4, p)
    gradient, waves, count, length, links, products, slopes, spare = f.arguments
    whole = 2 * size * size
    with f.loop(length) as done:
        link = f.builder.sub(f.builder.sub(length, f.number(1)), done)
        first = f.times(link, count)
        is_first = f.builder.icmp_signed("==", link, f.number(0))
        with f.when(f.builder.not_(is_first)):
            before = f.line(products, f.times(f.builder.sub(link, f.number(1)), whole))
            _multiply(f, gradient, before, spare, size, right=True)
        own = f.builder.select(is_first, gradient, spare)
        with f.loop(count) as wave:
            constant = f.line(waves, f.times(f.add(first, wave), whole))
            totals = [f.accumulator() for _ in range(AT_ONCE)]
            with f.loop(whole // AT_ONCE) as part:
                for k, total in enumerate(totals):
                    place = f.add(f.times(part, AT_ONCE), k)
                    a, b = f.load(f.line(own, place)), f.load(f.line(constant, place))
                    f.store(f.multiply_add(a, b, f.load(total)), total)
            f.store(f.sum([f.load(total) for total in totals]), f.line(slopes, f.add(first, wave)))
        with f.when(f.builder.not_(is_first)):
            _multiply(f, f.line(links, f.times(link, whole)), gradient, spare, size, left=True)
            _copy(f, spare, gradient, whole)
    return f.finish()
