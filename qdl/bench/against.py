"""Regressions: rows whose ratio to their best peer fell by more than a tenth since an earlier run."""

from __future__ import annotations

from typing import Any

ALLOWED = 0.1


def regressions(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """A line for each row that got worse, compared by the same peer in both runs.

    Rows that only one run has are left out; a row that had a ratio and has none any more is a regression.
    """
    found = []
    for name, old in before["rows"].items():
        new = now["rows"].get(name)
        if new is None or "ratio" not in old:
            continue
        peer = old["best"]
        ratio = new["peers"].get(peer, {}).get("ratio") if new["qdl"].get("right") else None
        if ratio is None:
            if peer in new["peers"] or not new["qdl"].get("right"):
                found.append(f"{name}: no ratio to {peer} any more, {old['ratio']:.3g} before")
        elif ratio < (1 - ALLOWED) * old["ratio"]:
            change = f"{ratio / old['ratio'] - 1:+.0%}"
            found.append(f"{name}: {ratio:.3g} times {peer}, {old['ratio']:.3g} before ({change})")
    return found
