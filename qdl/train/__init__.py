"""Training runs: configuration, data, loop, checkpoints, evaluation, reports; a run lives in a folder of its own.

The room is lazy like the package root, so that a run's configuration is checked and its folder stands before torch is
loaded.

Examples
--------
>>> from tempfile import TemporaryDirectory
>>> from qdl.train import Config, create, load, run
>>> small = Config.read({"data": {"name": "digits", "limit": 64}, "training": {"epochs": 1, "models": ["quantum"]}})
>>> with TemporaryDirectory() as home:
...     folder = create(small, f"{home}/first")
...     results = run(folder)
...     model = load(folder)
>>> results["fits"][0]["parameters"] == sum(p.numel() for p in model.parameters())
True
"""

from __future__ import annotations

from qdl.registry import face

_HOME = {
    "Config": "config",
    "ConfigError": "config",
    "create": "folder",
    "load": "folder",
    "run": "loop",
    "evaluate": "evaluation",
    "write_report": "report",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = face(__name__, _HOME)
