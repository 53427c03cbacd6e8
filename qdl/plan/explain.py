"""A plan as text."""

from __future__ import annotations

from qdl.plan.part import Part, Plan


def describe(plan: Plan, samples: int) -> str:
    """The plan as a table: one line per step, with wires, kind, flops and bytes for the given number of samples."""
    count = len(plan.parts)
    lines = [
        f"{count} part{'s' * (count != 1)}, batch {max(1, samples)}, "
        f"{len(plan.table.angles)} angles ({plan.table.shared} shared)"
    ]
    for index, part in enumerate(plan.parts):
        predicted = f"{part.seconds.total * 1e3:.3g} ms with gradients"
        lines.append(f"part {index}: wires {_wires(part.wires)}, predicted {predicted}")
        lines += [
            f"  {kind:<18} {where:<18} {flops:>10} {size:>10}" for kind, where, flops, size in _rows(part, samples)
        ]
    return "\n".join(lines)


def _rows(part: Part, samples: int) -> list[tuple[str, str, str, str]]:
    rows = [("step", "wires", "flops", "bytes")]
    count = max(1, samples) if any(p.sampled for p in part.prologue) else 1
    amplitudes = count * 2.0 ** len(part.wires)
    rows.append(("product state", _wires(part.wires), f"{2 * amplitudes:.3g}", f"{8 * amplitudes:.3g}"))
    for block in part.blocks:
        count = max(1, samples) if block.sampled else count
        amplitudes = count * 2.0 ** len(part.wires)
        kind = "block per sample" if block.sampled else "block, shared" if block.varying else "block, constant"
        where = _wires(tuple(part.wires[p] for p in block.positions))
        rows.append((kind, where, f"{8 * amplitudes * 2 ** len(block.positions):.3g}", f"{16 * amplitudes:.3g}"))
    rows.append(
        (type(part.read).__name__.replace("Read", "").lower(), "", f"{2 * amplitudes:.3g}", f"{8 * amplitudes:.3g}")
    )
    return rows


def _wires(wires: tuple[int, ...]) -> str:
    if len(wires) > 6:
        return f"{wires[0]} {wires[1]} .. {wires[-1]} ({len(wires)})"
    return " ".join(map(str, wires))
