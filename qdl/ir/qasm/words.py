"""The words that OpenQASM keeps for itself."""

from __future__ import annotations

import math

CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e, "ℇ": math.e}

_WORDS = """
OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end return for while in switch
case default pragma input output const readonly mutable qreg qubit creg bool bit int uint float angle complex array void
duration stretch gphase inv pow ctrl negctrl durationof delay reset measure barrier true false im opaque sizeof nop
U CX arccos arcsin arctan ceiling cos exp floor ln log mod popcount rotl rotr sin sqrt tan real imag
"""
RESERVED = frozenset(_WORDS.split()) | frozenset(CONSTANTS)
