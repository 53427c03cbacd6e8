"""How the cost grows: ``qdl bench --scaling``. Every point is a fresh process, so that nothing is warm or left over."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from qdl.bench import epochs, machine, pair, store
from qdl.bench.contestant import DidNotFinish
from qdl.bench.peers import QDL
from qdl.bench.runner import Runner
from qdl.bench.sweeps import SWEEPS, Sweep, fit

FILE, FIGURE = "scaling.json", "scaling.png"
EPOCHS, SECONDS, STEPS = 200, 1.0, 50


def scale(*, quick: bool = False, out: Path | None = None, threads: int = 2) -> dict[str, Any]:
    """Measures every sweep that is not in the folder yet, then draws them."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    folder = out or Path("runs", f"scaling-{datetime.now():%Y%m%d-%H%M%S}")
    console.print(f"run folder: {folder}", markup=False)
    results = json.loads((folder / FILE).read_text()) if (folder / FILE).exists() else {"sweeps": {}}
    results.setdefault("machine", machine.facts(threads))
    for sweep in SWEEPS:
        if sweep.name not in results["sweeps"]:
            with console.status(sweep.name):
                found = results["sweeps"][sweep.name] = measure(sweep.quick() if quick else sweep, folder, threads)
            console.print(f"{sweep.name}: {told(found)}", markup=False)
            store.save(folder / FILE, results)
    if "epochs" not in results:
        with console.status("epochs"):
            results["epochs"] = epochs.train(20 if quick else EPOCHS, threads)
        store.save(folder / FILE, results)
    flat = results["epochs"]
    console.print(f"epochs: {flat['slope']:.2g} +- {flat['slope error']:.2g} s per epoch ({flat['drift']:+.1%} in all)")
    store.write(folder / FIGURE, png(results))
    console.print(f"figure: {folder / FIGURE}", markup=False)
    return dict(results)


def measure(sweep: Sweep, folder: Path, threads: int) -> dict[str, Any]:
    """The points of a sweep, as far as they finish."""
    runner = Runner(folder, (), threads=threads)
    points, seconds, memory, stopped = [], [], [], None
    for point in sweep.points:
        try:
            with runner.contestant(QDL) as one:
                pair.start(one, {**sweep.job(point), "threads": threads})
                (first,) = one.ask("time", seed=1, steps=1, limit=pair.STEP)["seconds"]
                steps = int(min(max(SECONDS / first, 1), STEPS))
                found = one.ask("time", seed=2, steps=steps, limit=2 * pair.STEP)["seconds"]
                memory.append(one.ask("memory", limit=pair.STEP)["bytes"])
            seconds.append(median(found))
            points.append(point)
        except DidNotFinish as wrong:
            stopped = f"{sweep.axis} = {point}: {wrong}"
            break
    values = memory if sweep.what == "bytes" else seconds
    return {
        "axis": sweep.axis, "points": points, "seconds": seconds, "bytes": memory, "what": sweep.what,
        "base": sweep.base, "exponent": fit(points, values, sweep.base), "stopped": stopped,
    }  # fmt: skip


def law(found: dict[str, Any]) -> str:
    """The fitted law."""
    if found["exponent"] is None:
        return "too few points for a fit"
    power = f"{found['exponent']:.2f}"
    return f"~ {found['base']:g}^({power} {found['axis']})" if found["base"] else f"~ {found['axis']}^{power}"


def told(found: dict[str, Any]) -> str:
    """A sweep in a line."""
    last = f"{found['points'][-1]} {found['axis']}" if found["points"] else "nothing"
    return f"to {last}, {found['what']} {law(found)}" + (f"; stopped at {found['stopped']}" if found["stopped"] else "")


def png(results: dict[str, Any]) -> bytes:
    """All curves, with the fitted laws in the legends, and the epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.5), dpi=130, layout="constrained")
    axes = list(figure.subplots(2, 3 + (len(results["sweeps"]) > 5)).flat)
    for ax, (name, found) in zip(axes, results["sweeps"].items(), strict=False):
        values = found["bytes"] if found["what"] == "bytes" else found["seconds"]
        ax.plot(found["points"], values, "o-", label=law(found))
        ax.set(title=name, xlabel=found["axis"], ylabel=found["what"], yscale="log")
        ax.set_xscale("linear" if found["base"] else "log")
        ax.legend(fontsize=8)
    ax, flat = axes[len(results["sweeps"])], results["epochs"]
    ax.plot(flat["seconds"], ".", ms=3, label=f"{flat['drift']:+.1%} in all")
    ax.set(title="epochs", xlabel="epoch", ylabel="seconds", ylim=(0, 2 * median(flat["seconds"])))
    ax.legend(fontsize=8)
    for ax in axes[len(results["sweeps"]) + 1 :]:
        ax.remove()
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
