"""Goes through the rows: starts the contestants of each, compares them in pairs, keeps what it found."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from qdl.bench import describe, limit, machine, pair, spread, store
from qdl.bench.contestant import Contestant, DidNotFinish
from qdl.bench.peers import PEERS, QDL, REFERENCES, THROUGH, Peer
from qdl.bench.rows import Row
from qdl.errors import RunFolderError

ADAPTERS = Path(__file__).parent / "peers"
CHECKOUT = Path(__file__).parents[2]
ENVIRONMENTS = Path(".bench")
SHARE = 0.7  # of the machine's memory that a contestant may take

Say = Callable[[str], Any]


@dataclass
class Runner:
    """One run of the table.

    Parameters
    ----------
    folder : Path
        Where results go; rows that are there already are not measured again.
    rows : sequence of Row
    quick : bool
        Smaller rows, fewer rounds.
    environments : Path
        The folder of the peers' environments.
    threads : int
        For everyone.
    only : tuple of str
        Peers that take part; all by default.
    peers : mapping
        The contestants.
    say : callable
        Told what goes on, a line at a time.
    """

    folder: Path
    rows: Sequence[Row]
    quick: bool = False
    environments: Path = ENVIRONMENTS
    threads: int = 2
    only: tuple[str, ...] = ()
    peers: Mapping[str, Peer] = field(default_factory=lambda: PEERS)
    qdl: Peer = QDL
    memory: int = field(default_factory=lambda: int(SHARE * machine.memory()) or 2**40)
    effort: pair.Effort | None = None
    say: Say = print

    def run(self) -> dict[str, Any]:
        """All rows; the results as they stand in the file."""
        results = self._open()
        for row in self.rows:
            if row.name in results["rows"]:
                self.say(f"{row.name}: done before")
                continue
            results["rows"][row.name] = self._row(row, results["speeds"])
            store.save(self.folder / store.FILE, results)
        return results

    def _open(self) -> dict[str, Any]:
        """What an earlier run left here, or a new file."""
        settings = {"quick": self.quick, "threads": self.threads, "peers": list(self.only)}
        if (self.folder / store.FILE).exists():
            results = store.load(self.folder)
            if results["settings"] != settings:
                raise RunFolderError(
                    f"{self.folder} holds a run with other settings", got=settings, expected=results["settings"]
                )
            return results
        results = {
            "machine": machine.facts(self.threads), "settings": settings, "speeds": limit.speeds(self.threads),
            "rows": {},
        }  # fmt: skip
        store.save(self.folder / store.FILE, results)
        return results

    def _row(self, row: Row, speeds: dict[str, float]) -> dict[str, Any]:
        """Everything about one row."""
        job = describe.job(row, threads=self.threads)
        record: dict[str, Any] = {
            "title": row.title.format(batch=row.batch, **row.sizes), "goal": row.goal, "against": list(row.against),
            "batch": row.batch, "sizes": dict(row.sizes), "trajectories": row.trajectories, "load": machine.load(),
            "limit": limit.limit(job, speeds), "qdl": {}, "peers": {},
        }  # fmt: skip
        with tempfile.TemporaryDirectory() as temporary:
            try:
                with self.contestant(THROUGH.get(row.through, self.qdl)) as qdl:
                    right = self._reference(row, Path(temporary))
                    record["qdl"] = self._qdl(row, job, qdl, Path(temporary), right)
                    for name in row.peers:
                        if not self.only or name in self.only:
                            found = self._against(name, row, job, qdl, Path(temporary), right)
                            found = record["peers"][name] = spread.equal(found, record["qdl"])
                            self.say(f"{row.name}: {name}: {_told(found)}")
                    record["qdl"] |= qdl.ask("memory", limit=pair.STEP)
            except DidNotFinish as wrong:
                record["qdl"]["did not finish"] = str(wrong)
                self.say(f"{row.name}: qdl did not finish: {wrong}")
        return {**record, **verdict(record)}

    def _reference(self, row: Row, temporary: Path) -> dict[str, Any]:
        """What everybody's numbers are compared with: qdl in double precision, or a formula where there is one."""
        job = describe.job(row.exact(), "double", self.threads)
        with self.contestant(REFERENCES.get(row.ask, self.qdl)) as one:
            try:
                pair.start(one, job)
                return pair.result(one, temporary / "reference.npz", limit=pair.SETUP)
            except DidNotFinish as wrong:
                raise DidNotFinish(f"the reference in double precision: {wrong}") from None

    def _check(self, row: Row, one: Contestant, file: Path, precision: str, right: dict[str, Any]) -> dict[str, Any]:
        """Whether a contestant's numbers are right."""
        if not row.trajectories:
            return pair.check(one, file, precision, right)
        return spread.check(one, file, right, spread.QUICK if self.quick else spread.FULL)

    def _qdl(
        self, row: Row, job: dict[str, Any], qdl: Contestant, temporary: Path, right: dict[str, Any]
    ) -> dict[str, Any]:
        started = pair.start(qdl, job)
        found = {"set-up": started["seconds"], "precision": started["precision"]}
        found |= self._check(row, qdl, temporary / "qdl.npz", started["precision"], right)
        if not found["right"]:
            self.say(f"qdl is wrong here: {found['errors']}")
        return {**found, **qdl.ask("versions", limit=pair.STEP)}

    def _against(
        self, name: str, row: Row, job: dict[str, Any], qdl: Contestant, temporary: Path, right: dict[str, Any]
    ) -> dict[str, Any]:
        """A peer's part of a row."""
        peer = self.peers[name]
        if not self._python(peer).exists():
            return {"not installed": str(self.environments / f"{peer.environment}.log")}
        found: dict[str, Any] = {}
        try:
            with self.contestant(peer) as one:
                started = pair.start(one, job)
                found |= {"set-up": started["seconds"], "precision": started["precision"]}
                found |= one.ask("versions", limit=pair.STEP)
                if row.ask != "layer":  # torch's convolution is another function
                    found |= self._check(row, one, temporary / "peer.npz", started["precision"], right)
                if not row.cold:
                    found |= pair.summary(pair.duel(qdl, one, self._effort()))
                found |= one.ask("memory", limit=pair.STEP)
            if row.cold:
                found |= self._cold(peer, job)
        except DidNotFinish as wrong:
            found["did not finish"] = str(wrong)
        return found

    def _cold(self, peer: Peer, job: dict[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as empty:
            caches = {"XDG_CACHE_HOME": empty, "HOME": empty}
            qdl, other = (partial(self.contestant, each, caches) for each in (self.qdl, peer))
            return pair.summary(pair.cold_duel(qdl, other, job, 2 if self.quick else 5))

    def _effort(self) -> pair.Effort:
        return self.effort or (pair.QUICK if self.quick else pair.FULL)

    def _python(self, peer: Peer) -> Path:
        """The interpreter of a peer's environment."""
        if not peer.environment:
            return Path(sys.executable)
        return self.environments / peer.environment / "bin" / "python"

    def contestant(self, peer: Peer, more: Mapping[str, str] | None = None) -> Contestant:
        """A peer's process, or qdl's."""
        ours = {"PYTHONPATH": str(CHECKOUT)} if not peer.environment else {}
        return Contestant(
            self._python(peer), ADAPTERS / peer.adapter, threads=self.threads, memory=self.memory,
            more={**ours, **(more or {})},
        )  # fmt: skip


def verdict(record: dict[str, Any]) -> dict[str, Any]:
    """The best peer of those that finished with the right numbers, and whether the goal is met.

    A goal that is about some peers is met by the ratio to the best of these, whoever else is faster.
    """
    timed = {name: found for name, found in record["peers"].items() if "ratio" in found and found.get("right", True)}
    best = min(timed, key=lambda name: timed[name]["ratio"], default=None)
    if best is None or not record["qdl"].get("right"):
        return {"best": best, "met": None if record["qdl"].get("right") else False}
    named = [found["ratio"] for name, found in timed.items() if not record["against"] or name in record["against"]]
    return {
        "best": best, "ratio": timed[best]["ratio"], "spread": timed[best]["spread"],
        "goal ratio": min(named, default=None), "met": min(named) >= record["goal"] if named else None,
        "over limit": timed[best]["qdl seconds"] / record["limit"]["seconds"],
    }  # fmt: skip


def _told(found: dict[str, Any]) -> str:
    """A peer's result in a line."""
    if "not installed" in found:
        return f"not installed, see {found['not installed']}"
    if "did not finish" in found:
        return f"did not finish: {found['did not finish']}"
    wrong = "" if found.get("right", True) else f", WRONG {found['errors']}"
    seconds, ours = 1e3 * found["seconds"], 1e3 * found["qdl seconds"]
    equal = " at equal error bar" if "time ratio" in found else ""
    return f"{seconds:.4g} ms, qdl {ours:.4g} ms, ratio {found['ratio']:.3g}{equal}{wrong}"
