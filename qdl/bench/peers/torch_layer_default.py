"""The script of `torch_layer` on default.qubit."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

Base: Any = runpy.run_path(str(Path(__file__).with_name("torch_layer.py")))["Peer"]  # no folder of peers is on a path
PACKAGES = ["pennylane", "torch", "numpy"]


class Peer(Base):
    device = "default.qubit"
