from __future__ import annotations

from typing import Any

import pytest

from qdl.train import Config, ConfigError
from qdl.train.config import read_toml
from tests.train.runs import SMALL, config

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"data": {"name": "mnist"}}, "data.name"),
    ({"data": {"limit": -1}}, "data.limit"),
    ({"data": {"noise": float("nan")}}, "data.noise"),
    ({"training": {"epochs": 0}}, "training.epochs"),
    ({"training": {"batch": 0}}, "training.batch"),
    ({"training": {"seeds": []}}, "training.seeds"),
    ({"training": {"seeds": [1, 1]}}, "named once"),
    ({"training": {"models": ["twin"]}}, "must contain 'quantum'"),
    ({"training": {"rates": {"quantum": 0}}}, "training.rates.quantum"),
    ({"training": {"epoch": 3}}, "training.epoch"),
    ({"network": {"coupling": -0.5}}, "network.coupling"),
    ({"network": {"coupling": float("inf")}}, "network.coupling"),
    ({"network": {"kernels": [3, 3]}}, "every convolution needs one of each"),
    ({"network": {"channels": []}}, "network.channels"),
    ({"search": {"networks": [{"norm": "often"}]}}, "search.networks.0.norm"),
    ({"evaluation": {"couplings": [0.1, 0.2]}}, "no coupling reaches the floor"),
    ({"evaluation": {"shots": [0]}}, "evaluation.shots"),
    ({"machine": {"device": "tpu"}}, "machine.device"),
    ({"machine": {"threads": 0}}, "machine.threads"),
    ({"colour": "red"}, "colour"),
    ({"format": 1}, "format"),
]


@pytest.mark.parametrize(("tables", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_wrong_setting_is_named(tables: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Config.read(tables)


SEARCH = {"search": {"rates": [1e-5, 0.25], "networks": [{"coupling": 0.3}, {"norm": False}]}}


@pytest.mark.parametrize("tables", [{}, SMALL, SEARCH], ids=["default", "small", "search"])
def test_toml_keeps_everything(tables: dict[str, Any], tmp_path: Any) -> None:
    path = tmp_path / "config.toml"
    path.write_text(Config.read(tables).to_toml())
    assert Config.read(read_toml(path)) == Config.read(tables)


def test_every_table_is_in_the_toml() -> None:
    text = config().to_toml()
    assert all(f"[{table}]" in text for table in ("data", "network", "training", "training.rates", "search", "machine"))


def test_a_file_that_is_no_toml_is_named(tmp_path: Any) -> None:
    (tmp_path / "broken.toml").write_text("[data\n")
    for name in ("broken.toml", "missing.toml"):
        with pytest.raises(ConfigError, match=name):
            read_toml(tmp_path / name)
