"""Any PennyLane device as an engine: ``engine="pennylane:<device>"``, or a device itself.

All rows of a request, and all shifted circuits that its gradient needs, are one execution. Rows of angles are a batch
of PennyLane's, which devices that know none expand themselves. Measurements in the middle of a circuit are deferred, so
circuits with feedback are exact too, at the price of a wire for each measurement. Channels need a device that has them,
such as ``default.mixed``; others refuse them before anything runs.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
import torch

from qdl.adapters.pennylane.engine.deferred import Deferred, deferred
from qdl.adapters.pennylane.engine.prepared import Expvals, Probs, Samples
from qdl.adapters.pennylane.engine.tapes import Tapes
from qdl.engine.memory import check_state
from qdl.engine.remote import Program, Setting
from qdl.errors import UnsupportedError
from qdl.ir.observables import Word

SIMULATORS = ("default.qubit", "default.mixed", "reference.qubit", "lightning.")  # that keep whole states here


class PennyLane:
    """A PennyLane device as a remote engine (see `qdl.engine.remote.Remote`).

    Parameters
    ----------
    device : str or pennylane.devices.Device
        A name, such as ``"lightning.qubit"``: a device of that name is made for each circuit, with as many wires as it
        needs, with the precision and the seed of the request. Or a device: its first wires are those of the circuit.
    **options
        For a device by name: what `pennylane.device` is called with besides.

    Examples
    --------
    >>> import numpy as np
    >>> from qdl.engine.remote import program
    >>> from qdl.ir import Circuit, Param, Z
    >>> x = Param("x", 1)
    >>> made, _ = program(Circuit(1).rx(x[0], 0).channel("bit_flip", 0.25, wires=0).operations, 1)
    >>> (word,) = Z(0).terms
    >>> PennyLane("default.mixed").expvals(made, [word]).run(np.array([[0.0], [np.pi]]))
    array([[ 0.5], [-0.5]])
    """

    def __init__(self, device: Any = None, **options: Any) -> None:
        import pennylane as qml

        if isinstance(device, qml.devices.LegacyDevice):
            device = qml.devices.LegacyDeviceFacade(device)
        if isinstance(device, str):
            _check_name(device)
        elif not isinstance(device, qml.devices.Device):
            raise UnsupportedError(
                "this is no PennyLane device",
                got="none" if device is None else type(device).__name__,
                expected="a name or a device",
                do="write engine='pennylane:lightning.qubit'",
            )
        elif options:
            raise UnsupportedError("a device has its options already", got=sorted(options))
        self.device, self.options = device, options

    @property
    def name(self) -> str:
        """What the device is called."""
        return self.device if isinstance(self.device, str) else self.device.name

    def expvals(self, program: Program, words: Sequence[Word]) -> Expvals:
        """Exact expectation values of words."""
        coherent = {w for word in words for atom in word if atom.letter != "Z" for w in atom.wires}
        made, tapes = self._tapes(program, coherent)
        return Expvals(tapes, self._maker(program, made.count), words)

    def probs(self, program: Program, names: Sequence[int | str]) -> Probs:
        """Exact probabilities of the joint values of wires and bits."""
        made, tapes = self._tapes(program)
        return Probs(tapes, self._maker(program, made.count), names)

    def samples(self, program: Program, settings: Sequence[Setting]) -> Samples:
        """Outcomes of each setting."""
        turned = {w for setting in settings for op in setting.turns for w in op.wires}
        made, tapes = self._tapes(program, turned)
        return Samples(tapes, self._maker(program, made.count), settings)

    def _tapes(self, program: Program, coherent: Collection[int] = ()) -> tuple[Deferred, Tapes]:
        mixed = self._mixed()
        made = deferred(program, mixed, coherent)
        self._check_memory(program, made.count, mixed)
        labels = range(made.count)
        if not isinstance(self.device, str) and self.device.wires is not None:
            labels = self.device.wires.tolist()
            if len(labels) < made.count:
                more = f" and {made.count - program.wires} for what is measured" if made.count > program.wires else ""
                raise UnsupportedError(
                    f"{self.name} has too few wires", got=len(labels), expected=f"{program.wires}{more}"
                )
        # default.mixed (0.45) mixes up the axes of batched phase shifts.
        return made, Tapes(program, made, labels, 2 if mixed else 1, self.name == "default.mixed")

    def _maker(self, program: Program, count: int) -> partial[Any]:
        """What makes a device for a seed."""
        if not isinstance(self.device, str):
            return partial(_seeded, self.device)
        return partial(_made, self.device, count, program.dtype == torch.float32, tuple(sorted(self.options.items())))

    def _mixed(self) -> bool:
        """Whether the device does channels."""
        import pennylane as qml

        device = self.device
        if isinstance(device, str):
            device = _made(device, 1, False, tuple(self.options.items()), None)
        where = [0] if device.wires is None else [device.wires[0]]
        tape = qml.tape.QuantumScript([qml.QubitChannel([np.eye(2)], wires=where)], [qml.expval(qml.Z(where[0]))])
        try:
            device.preprocess_transforms(device.setup_execution_config())([tape])
        except Exception:  # whatever a device says to a channel that it does not know
            return False
        return True

    def _check_memory(self, program: Program, count: int, mixed: bool) -> None:
        """Refuse states that do not fit, before anything runs."""
        if not self.name.startswith(SIMULATORS):
            return
        single = program.dtype == torch.float32 and self.name.startswith("lightning.")
        more = f", {count - program.wires} of them for measurements" if count > program.wires else ""
        remedy = "use fewer wires" + (", or engine='trajectory'" if mixed or more else "")
        index_bits = (2 if mixed else 1) * count
        check_state(f"a state of {self.name}", f"{count} wires{more}", index_bits, single, remedy)


def _check_name(name: str) -> None:
    import pennylane as qml

    if name not in qml.plugin_devices:
        qml.refresh_devices()
    if name not in qml.plugin_devices:
        close = get_close_matches(name, qml.plugin_devices, n=1)
        raise UnsupportedError(
            "PennyLane knows no such device",
            got=repr(name),
            expected=f"one of {', '.join(sorted(qml.plugin_devices))}",
            do=f"did you mean 'pennylane:{close[0]}'?" if close else "install its plugin",
        )


def _made(name: str, wires: int, single: bool, options: tuple[tuple[str, Any], ...], seed: int | None) -> Any:
    """A device by its name, with what it takes of precision and seed."""
    import pennylane as qml

    taken = inspect.signature(qml.plugin_devices[name].load().__init__).parameters
    given = dict(options)
    if single and "c_dtype" in taken:
        given.setdefault("c_dtype", np.complex64)
    if seed is not None and "seed" in taken:
        given.setdefault("seed", seed)
    try:
        return qml.device(name, wires=wires, **given)
    except Exception as error:
        got = f"{type(error).__name__}: {error}"[:200]
        raise UnsupportedError(f"the device {name!r} cannot be made", got=got) from error


def _seeded(device: Any, seed: int | None) -> Any:
    """A device of someone's, drawing from a seed if it is of a kind that keeps a generator of NumPy's."""
    if seed is None or not isinstance(getattr(device, "_rng", None), np.random.Generator):
        return device
    found = copy.copy(device)
    found._rng = np.random.default_rng(seed)
    return found
