"""The command line: ``qdl train``, ``evaluate``, ``bench``, ``circuits``, ``lab``, ``doctor``.

Everything is imported by the command that needs it, so that ``qdl --help`` answers at once. Exit codes: 0 done; 1 a
fault found by ``qdl doctor``, a regression by ``qdl bench --against``, or an unforeseen error with its traceback; 2 a
wrong request, one line saying what to do; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdl.errors import DataError, QdlError, ValuesError

if TYPE_CHECKING:
    from rich.console import Console

SEARCHED = (0.01, 0.02, 0.04, 0.08, 0.16)  # peak learning rates that `qdl train --search` compares
DATA = (
    "Data set: digits-canvas (default), digits, or the path of your own images: a folder of class folders, .npz, IDX."
)
PACKAGES = (
    "torch", "numpy", "networkx", "llvmlite", "openqasm3", "pennylane", "qiskit", "qiskit_aer", "sklearn", "matplotlib",
    "typer", "rich", "pydantic", "safetensors", "accelerate", "tensorboard", "platformdirs",
)  # fmt: skip

app = typer.Typer(
    help="Neural networks whose neurons are quantum systems.",
    epilog="Exit codes: 0 done, 1 an unforeseen error, 2 a wrong request, 130 stopped by Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
circuits = typer.Typer(help="The library of circuits.", no_args_is_help=True)
app.add_typer(circuits, name="circuits")
lab = typer.Typer(help="Experiments: what the physics claims, trained and counted.", no_args_is_help=True)
app.add_typer(lab, name="lab")


def main() -> None:
    """The entry point of the ``qdl`` command."""
    app(prog_name="qdl")


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=True, highlight=False)


def _clean(command: Callable[..., None]) -> Callable[..., None]:
    """Errors that qdl raises on purpose become one red line, and Ctrl-C ends without a traceback."""

    @wraps(command)
    def cleanly(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except QdlError as error:
            _console(stderr=True).print(f"error: {error}", style="red", markup=False)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return cleanly


Folder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)]


@app.command()
@_clean
def train(
    data: Annotated[str | None, typer.Option(help=DATA)] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of every fit.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Number of seeds.")] = None,
    seed: Annotated[int | None, typer.Option(help="The first seed.")] = None,
    search: Annotated[bool, typer.Option("--search", help="Search every model's learning rate beforehand.")] = False,
    config: Annotated[Path | None, typer.Option(help="A TOML file like a run's config.toml.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads on the CPU.")] = None,
    out: Annotated[Path | None, typer.Option(help="The new run folder; by default one in runs/.")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="RUN", help="Go on with a run that was stopped.")] = None,
) -> None:
    """Train the quantum network beside its classical twin, the head alone, and frozen convolutions."""
    wishes: dict[str, dict[str, Any]] = {
        "data": _data(data),
        "training": {"epochs": epochs, "seeds": _seeds(seeds, seed)},
        "search": {"rates": SEARCHED if search else None},
        "machine": {"device": device, "threads": threads},
    }
    wishes = {table: {k: v for k, v in keys.items() if v is not None} for table, keys in wishes.items()}
    if resume is None:
        folder = _create(wishes, config, out)
    elif config or out or any(wishes.values()):
        raise ValuesError("--resume goes on with a run as it was configured", do="leave the other options out")
    else:
        folder = resume
    try:
        _run(folder)
    except KeyboardInterrupt:
        _console(stderr=True).print(f"stopped; go on with: qdl train --resume {folder}")
        raise


def _data(asked: str | None) -> dict[str, Any]:
    """The table of a data set's name or of a path; a name that is a folder too is the name."""
    names = ("digits-canvas", "digits")
    if asked is None or asked in names:
        return {"name": asked, "path": "" if asked else None}
    if not Path(asked).exists():
        raise DataError(f"there is no data set {asked}", expected=f"{', '.join(names)} or a path to images")
    return {"name": "images", "path": str(Path(asked).resolve())}


def _seeds(count: int | None, first: int | None) -> list[int] | None:
    if count is None and first is None:
        return None
    return list(range(first or 0, (first or 0) + (count or 1)))


def _create(wishes: dict[str, dict[str, Any]], file: Path | None, out: Path | None) -> Path:
    """The folder of a new run; it stands before torch is loaded."""
    from datetime import datetime

    from qdl.train.config import Config, read_toml
    from qdl.train.folder import create

    tables = read_toml(file) if file else {}
    for name, keys in wishes.items():
        if keys:
            tables[name] = {**tables.get(name, {}), **keys}
    config = Config.read(tables)
    return create(config, out or Path("runs", f"{config.data.title}-{datetime.now():%Y%m%d-%H%M%S}"))


def _run(folder: Path) -> None:
    console = _console()
    console.print(f"run folder: {folder}")
    with console.status("loading"):
        from qdl.train import run
        from qdl.train.folder import REPORT
        from qdl.train.show import Bar, tables
    with Bar(console) as bar:
        results = run(folder, bar)
    for table in tables(results):
        console.print(table)
    console.print(f"report: {folder / REPORT}")


@app.command()
@_clean
def evaluate(
    folder: Folder,
    shots: Annotated[int | None, typer.Option(help="Shots per output value; exact if left out.")] = None,
    coupling: Annotated[float | None, typer.Option(help="g at evaluation; chosen on validation data.")] = None,
) -> None:
    """Test the quantum models of a finished run, exactly or with shots."""
    console = _console()
    with console.status("evaluating"):
        from qdl.train import evaluate as test
        from qdl.train.report import spread

        exact, found = test(folder), test(folder, shots, coupling)
    for one in (exact, found) if found != exact else (exact,):
        accuracy, loss = ([getattr(score, key) for score in one.scores] for key in ("accuracy", "loss"))
        how = f"{one.shots} shots per output" if one.shots else "exact"
        console.print(f"{how}, g = {one.coupling:g}: accuracy {spread(accuracy)}, loss {spread(loss)} nat")


@circuits.command("list")
@_clean
def list_circuits() -> None:
    """All circuits in the library: name, size, what it is."""
    from qdl.ir import cell, cells
    from qdl.ir.cell_table import in_order, note

    for name in in_order(cells()):
        circuit = cell(name)
        angles = sum(param.size for param in circuit.params)
        typer.echo(f"{name:<24} {circuit.wires} wires, {angles:>2} parameters  {note(name).title}")


@circuits.command("show")
@_clean
def show_circuit(name: Annotated[str, typer.Argument(help="One of `qdl circuits list`.", show_default=False)]) -> None:
    """A circuit, drawn."""
    from qdl.ir import cell

    typer.echo(cell(name).draw("text"))


@lab.command("layers")
@_clean
def compare_layers(
    out: Annotated[Path, typer.Option(metavar="RUN", help="The run folder; what is finished in it is kept.")] = Path(
        "runs", "layers"
    ),
    layer: Annotated[list[str] | None, typer.Option(help="A layer; several if repeated, else all.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="A task; several if repeated, else all.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds.")] = 5,
    page: Annotated[Path | None, typer.Option(help="The page to write; by default layers.md in RUN.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Networks trained side by side, each on one thread.")] = 1,
) -> None:
    """Every layer against a classical twin of as many parameters, on small tasks."""
    console = _console()
    with console.status("loading"):
        from qdl.lab.contest import Budget, run
        from qdl.lab.page import write
        from qdl.lab.show import Bar
    budget = Budget(seeds=tuple(range(seeds)))
    try:
        with Bar(console) as bar:
            records = run(out, layer or (), task or (), budget, bar.entry, jobs)
    except KeyboardInterrupt:
        console.print(f"stopped; the same command goes on in {out}")
        raise
    write(page or out / "layers.md", records, budget)
    console.print(f"page: {page or out / 'layers.md'}")


@app.command()
@_clean
def bench(
    row: Annotated[list[str] | None, typer.Option(help="A row of the table; several if repeated, else all.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="A peer; several if repeated, else all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller rows, fewer rounds: ten minutes at most.")] = False,
    scaling: Annotated[bool, typer.Option("--scaling", help="How cost grows, instead of the table.")] = False,
    against: Annotated[Path | None, typer.Option(help="An earlier run; exit 1 if a ratio fell by a tenth.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; finished rows in it are kept.")] = None,
    peers: Annotated[Path, typer.Option(help="Where `make bench-peers` put the peers.")] = Path(".bench"),
    threads: Annotated[int, typer.Option(help="Threads, for everyone.")] = 2,
) -> None:
    """Compare qdl's speed with other simulators, row by row."""
    if scaling:
        from qdl.bench.scaling import scale

        scale(quick=quick, out=out, threads=threads)
        return
    from qdl.bench.command import bench as run

    fine = run(rows=row or (), peers=peer or (), quick=quick, out=out, before=against, environments=peers,
               threads=threads)  # fmt: skip
    raise typer.Exit(0 if fine else 1)


@app.command()
@_clean
def doctor() -> None:
    """Check the installation: versions, devices, memory, a circuit and its gradient."""
    console, faults = _console(), 0
    for what, check in _checks():
        try:
            console.print(f"[green]ok[/]    {what}: {check()}")
        except Exception as error:
            console.print(f"[red]fault[/] {what}: {type(error).__name__}: {error}")
            faults += 1
    raise typer.Exit(1 if faults else 0)


def _checks() -> Iterator[tuple[str, Callable[[], str]]]:
    from importlib.metadata import version

    yield "qdl", lambda: f"{version('qdl')} with Python {sys.version.split()[0]}"
    for package in PACKAGES:
        yield package, partial(_version, package)
    yield "devices", _devices
    yield "machine", _machine
    yield "circuits", _cells
    yield "gradient", _gradient


def _version(package: str) -> str:
    """Imports it, since a package can be there and not work."""
    from importlib import import_module
    from importlib.metadata import packages_distributions, version

    import_module(package)
    return version(packages_distributions()[package][0])


def _devices() -> str:
    import torch

    from qdl.engine.memory import available

    found = [torch.device("cpu"), *(torch.device("cuda", i) for i in range(torch.cuda.device_count()))]
    return ", ".join(f"{device} ({available(device) / 2**30:.1f} GiB free)" for device in found)


def _machine() -> str:
    """What the planner reckons with, measured if that is still to be done."""
    from qdl.engine.machine import describe, find

    return describe(find(seconds=float("inf")))


def _cells() -> str:
    from qdl.ir import cell, cells

    return f"{len([cell(name) for name in cells()])} circuits in the library"


def _gradient() -> str:
    """<Z> behind RY(t) is cos t, its derivative -sin t."""
    import torch

    from qdl import run
    from qdl.ir import Circuit, Param, Z

    angle = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    value = run.expval(Circuit(1).ry(Param("t", 1)[0], 0), Z(0), {"t": angle})
    (gradient,) = torch.autograd.grad(value, angle)
    error = (gradient + angle.sin()).abs().item()
    if error > 1e-12:
        raise QdlError("the gradient of a rotation is wrong", got=f"an error of {error:.1e}", expected="below 1e-12")
    return f"right to {error:.1e}"
