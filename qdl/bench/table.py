"""The table of a run, for the terminal and for the README: ``python -m qdl.bench.table FILE`` prints it as Markdown.

With ``--brief`` it leaves out what every single peer took.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qdl.bench import store

COLUMNS = ("row", "work", "best peer", "its time", "qdl", "ratio", "goal", "met", "time / limit")


def duration(seconds: float) -> str:
    """A time in three digits.

    Examples
    --------
    >>> duration(0.01234), duration(2.5), duration(4e-5)
    ('12.3 ms', '2.50 s', '0.0400 ms')
    """
    number, unit = (seconds, "s") if seconds >= 1 else (1e3 * seconds, "ms")
    return f"{number:#.3g}".rstrip(".") + f" {unit}"


def ratio(value: float) -> str:
    """A ratio in three digits, 1/20 rather than 0.05.

    Examples
    --------
    >>> ratio(25), ratio(0.05), ratio(3.14159)
    ('25', '1/20', '3.14')
    """
    return f"{value:.3g}" if value >= 1 else f"1/{1 / value:.3g}"


def cells(name: str, record: dict[str, Any]) -> tuple[str, ...]:
    """A row's texts, by column."""
    goal = f"{ratio(record['goal'])}x"
    if record["against"]:
        reached = f", reached {ratio(record['goal ratio'])}x" if record.get("goal ratio") else ""
        goal += f" {' and '.join(record['against'])}{reached}"
    met = {True: "yes", False: "no", None: "-"}[record["met"]]
    if "ratio" not in record:
        ours = record["qdl"]
        why = f"did not finish: {ours['did not finish']}" if "did not finish" in ours else ""
        why = why or ("" if ours.get("right") else f"wrong: {ours.get('errors')}") or "-"
        return name, record["title"], record["best"] or "none finished", "-", why, "-", goal, met, "-"
    best = record["peers"][record["best"]]
    low, high = record["spread"]
    note = "" if best["precision"] in ("complex64", "float32") else f" ({best['precision']})"
    equal = " at equal error bar" if "time ratio" in best else ""
    spread = f"{ratio(record['ratio'])}x ({ratio(low)} to {ratio(high)}){equal}"
    return (
        name, record["title"], record["best"] + note, duration(best["seconds"]), duration(best["qdl seconds"]),
        spread, goal, met, f"{record['over limit']:.3g}",
    )  # fmt: skip


def others(record: dict[str, Any]) -> list[str]:
    """What every peer of a row took, or why it has no time."""
    ours = record["qdl"]
    bar = f", error bar {error_bar(ours)}" if "error bar" in ours else ""
    said = [f"qdl {ours['bytes'] / 2**20:.0f} MiB{bar}"] if "bytes" in ours else []
    for name, found in record["peers"].items():
        if "not installed" in found:
            said.append(f"{name} not installed")
        elif "did not finish" in found:
            said.append(f"{name} did not finish ({found['did not finish']})")
        elif not found.get("right", True):
            said.append(f"{name} wrong")
        else:
            compiled = f", first call {duration(found['set-up'])}" if found["set-up"] > 5 * found["seconds"] else ""
            memory = f"{found['bytes'] / 2**20:.0f} MiB" if "bytes" in found else "? MiB"
            bar = f" at equal error bar, its own {error_bar(found)}" if "time ratio" in found else ""
            said.append(f"{name} {duration(found['seconds'])} ({ratio(found['ratio'])}x{bar}, {memory}{compiled})")
    return said


def error_bar(found: dict[str, Any]) -> str:
    """An error bar and how well it is known."""
    return f"{found['error bar']:.2g} (known to {found['error of error bar'] / found['error bar']:.0%})"


def conditions(results: dict[str, Any]) -> str:
    """Machine, threads, precision, versions: a line."""
    m = results["machine"]
    versions: dict[str, str] = {}
    for record in results["rows"].values():
        for found in record["peers"].values():
            versions |= found.get("versions", {})
    versions = {"torch": m["torch"], **{k: v for k, v in versions.items() if k not in ("python", "numpy", "qdl")}}
    listed = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    load = max((record.get("load") or 0 for record in results["rows"].values()), default=0)
    busy = f" Others were using the machine (load {load:.1f}): not to be relied on." if load > m["threads"] + 1 else ""
    return (
        f"{m['processor']}, {m['cores']} cores, {m['memory'] / 2**30:.0f} GiB, {m['threads']} threads for everyone, "
        f"complex64 unless said, {m['date']}, commit {m['commit']}, Python {m['python']}, {listed}.{busy}"
    )


def markdown(results: dict[str, Any], brief: bool = False) -> str:
    """The table, everybody's times unless `brief`, and the conditions."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    lines += ["| " + " | ".join(cells(name, record)) + " |" for name, record in results["rows"].items()]
    if not brief:
        lines += ["", "Everybody:", ""]
        lines += [f"* {name}: {'; '.join(others(record)) or 'nobody'}" for name, record in results["rows"].items()]
    return "\n".join([*lines, "", f"`qdl bench` on {conditions(results)}"])


if __name__ == "__main__":
    sys.stdout.write(markdown(store.load(Path(sys.argv[1])), brief="--brief" in sys.argv[2:]) + "\n")
