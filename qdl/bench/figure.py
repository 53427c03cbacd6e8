"""The ratios of a run as bars, with their goals."""

from __future__ import annotations

import io
from typing import Any


def png(results: dict[str, Any]) -> bytes:
    """The plot: a bar for every peer of every row on a logarithmic scale, the goal as a mark."""
    from matplotlib.figure import Figure

    rows = results["rows"]
    peers = list(dict.fromkeys(name for record in rows.values() for name in record["peers"]))
    figure = Figure(figsize=(max(6.0, 1.1 * len(rows)), 4.8), dpi=150, layout="constrained")
    axes = figure.subplots()
    width = 0.8 / max(len(peers), 1)
    for k, peer in enumerate(peers):
        bars = [
            (i + (k + 0.5) * width - 0.4, record["peers"][peer])
            for i, record in enumerate(rows.values())
            if record["peers"].get(peer, {}).get("right", True) and "ratio" in record["peers"].get(peer, {})
        ]
        if bars:
            middle = [found["ratio"] for _, found in bars]
            below = [max(found["ratio"] - found["spread"][0], 0) for _, found in bars]
            above = [max(found["spread"][1] - found["ratio"], 0) for _, found in bars]
            axes.bar([x for x, _ in bars], middle, width, yerr=(below, above), label=peer, error_kw={"lw": 0.8})
    for i, record in enumerate(rows.values()):
        axes.hlines(record["goal"], i - 0.42, i + 0.42, color="black", lw=1.5, label="goal" if i == 0 else "")
    axes.axhline(1, color="grey", lw=0.6)
    axes.set_yscale("log")
    axes.set_xticks(range(len(rows)), list(rows), rotation=45, ha="right")
    axes.set_ylabel("peer's time / qdl's")
    if rows:
        axes.legend(fontsize=7, ncols=4)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
