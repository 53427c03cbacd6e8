"""Measurements with shots, drawn from the states that qdl computed by PennyLane's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qdl.adapters.pennylane.device.run import Final, Setup, states


def sampled(tapes: Sequence[Any], setup: Setup, rng: np.random.Generator, postselect: str | None) -> list[Any]:
    """Each tape's results, in the nesting that PennyLane expects of a device."""
    found = states(tapes, setup)
    return [_measured(tape, final, setup.mixed, rng, postselect) for tape, final in zip(tapes, found, strict=True)]


def _measured(tape: Any, final: Final, mixed: bool, rng: np.random.Generator, postselect: str | None) -> Any:
    from pennylane.devices.qubit.sampling import measure_with_samples
    from pennylane.devices.qubit_mixed.sampling import measure_with_samples as measure_mixed

    shots = tape.shots
    if final.kept < 1:
        shots = _left(shots, final.kept, rng, postselect)
    batch = final.state.shape[: -2 if mixed else -1]
    shaped = final.state.reshape(*batch, *(2,) * ((1 + mixed) * len(final.wires)))
    asked = [mp.map_wires(final.wires) for mp in tape.measurements]
    found = (measure_mixed if mixed else measure_with_samples)(asked, shaped, shots, bool(batch), rng)
    if len(asked) > 1:
        return found
    return tuple(part[0] for part in found) if tape.shots.has_partitioned_shots else found[0]


def _left(shots: Any, kept: float, rng: np.random.Generator, postselect: str | None) -> Any:
    """The shots that postselection leaves: all of them if they are to be filled up."""
    from pennylane.devices.qubit.simulate import _FlexShots  # of which there may be none

    if postselect == "fill-shots":
        if not kept:
            raise RuntimeError(
                "The probability of the postselected mid-circuit measurement outcome is 0. "
                "This leads to invalid results when using postselect_mode='fill-shots'."
            )
        return shots
    return _FlexShots([int(rng.binomial(count, min(1.0, kept))) for count in shots])
