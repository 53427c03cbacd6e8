from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qdl.cli import main
from qdl.train.folder import read_config
from tests.train.pictures import drawn, folder
from tests.train.runs import config, finished

TINY: dict[str, dict[str, Any]] = {
    "data": {"limit": 32},
    "training": {"epochs": 1, "seeds": [0], "models": ["quantum", "twin", "head", "frozen"]},
}


@pytest.fixture
def qdl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Any]:
    """Runs a command line in an empty folder: its exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qdl", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return (end.value.code, *capsys.readouterr())

    return command


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("cli") / "run", **TINY)


def one_line(error: str) -> str:
    assert error.count("\n") == 1, error
    assert error.startswith("error: ")
    return error


def test_train_evaluate_and_resume(qdl: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(config(**TINY).to_toml())
    code, out, _ = qdl("train", "--config", "small.toml", "--seed", 5, "--out", "run")
    assert code == 0
    for model in ("quantum", "twin", "head", "frozen"):
        assert f"{model}, seed 5" in out
        assert f"│ {model} " in out
    assert "report: run/report.html" in out
    assert (tmp_path / "run" / "report.html").exists()

    code, again, _ = qdl("train", "--resume", "run")
    assert code == 0
    assert again.splitlines()[-15:] == out.splitlines()[-15:]

    code, exact, _ = qdl("evaluate", "run")
    assert (code, exact.count("\n")) == (0, 1)
    assert "exact, g = 0.5: accuracy 0." in exact
    code, both, _ = qdl("evaluate", "run", "--shots", 100, "--coupling", 0.4)
    assert code == 0
    assert exact in both
    assert "100 shots per output, g = 0.4: accuracy 0." in both


def test_a_folder_of_its_own_is_made_for_every_run(qdl: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(config(**TINY).to_toml())
    code, out, _ = qdl("train", "--config", "small.toml", "--data", "digits")
    assert code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("digits-2")
    assert f"run folder: runs/{folder.name}" in out


def test_a_path_is_a_data_set(qdl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder(tmp_path / "shapes", *drawn(12, classes=2))
    monkeypatch.setattr("qdl.cli._run", lambda folder: None)
    (tmp_path / "small.toml").write_text(config(data={"limit": 0}).to_toml())
    code, _, _ = qdl("train", "--config", "small.toml", "--data", "shapes")
    assert code == 0
    (made,) = (tmp_path / "runs").iterdir()
    assert made.name.startswith("shapes-2")
    assert (made / "data.json").exists()
    assert read_config(made).data.path == str(tmp_path / "shapes"), "a run can go on from elsewhere"
    (tmp_path / "own.toml").write_text((made / "config.toml").read_text())
    assert qdl("train", "--config", "own.toml", "--data", "digits", "--out", "other")[0] == 0
    assert read_config(tmp_path / "other").data.title == "digits"


def test_options_go_over_the_file(qdl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("qdl.cli._run", lambda folder: None)
    (tmp_path / "small.toml").write_text(config(**TINY).to_toml())
    options = (
        "--epochs",
        4,
        "--seeds",
        2,
        "--seed",
        3,
        "--threads",
        2,
        "--device",
        "cpu",
        "--data",
        "digits",
        "--search",
    )
    assert qdl("train", "--config", "small.toml", *options, "--out", "run")[0] == 0
    made = read_config(tmp_path / "run")
    assert made.training.seeds == (3, 4)
    assert (made.training.epochs, made.data.name, made.data.limit) == (4, "digits", 32)
    assert (made.machine.threads, made.machine.device) == (2, "cpu")
    assert made.search.rates


def test_nothing_is_overwritten(qdl: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    code, _, error = qdl("train", "--out", ".")
    assert code == 2
    assert "is not empty; choose another folder" in one_line(error)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


WRONG: list[tuple[list[object], str]] = [
    (["train", "--data", "mnist"], "there is no data set mnist: expected digits-canvas, digits or a path"),
    (["train", "--epochs", 0], "training.epochs"),
    (["train", "--seed", -1], "training.seeds"),
    (["train", "--threads", 0], "machine.threads"),
    (["train", "--device", "tpu"], "machine.device"),
    (["train", "--config", "nowhere.toml"], "cannot read the configuration nowhere.toml"),
    (["train", "--resume", "nowhere"], "there is no run folder nowhere"),
    (["train", "--resume", "."], ". holds no run"),
    (["train", "--resume", "nowhere", "--epochs", 3], "--resume goes on with a run as it was configured"),
    (["evaluate", "nowhere"], "there is no run folder nowhere"),
    (["circuits", "show", "nothing"], "nothing"),
]


@pytest.mark.parametrize(("words", "says"), WRONG, ids=[" ".join(map(str, words)) for words, _ in WRONG])
def test_a_wrong_request_is_one_line(qdl: Callable[..., Any], words: list[object], says: str, tmp_path: Path) -> None:
    code, _, error = qdl(*words)
    assert code == 2
    assert says in one_line(error)
    assert not list(tmp_path.rglob("config.toml")), "a refused run leaves no folder"


def test_a_damaged_run_is_one_line(qdl: Callable[..., Any], run_folder: Path, tmp_path: Path) -> None:
    from shutil import copytree

    for number, (file, words) in enumerate(
        [
            ("config.toml", ("evaluate",)),
            ("results.json", ("evaluate",)),
            ("models/quantum-0.safetensors", ("evaluate",)),
            ("checkpoint.safetensors", ("train", "--resume")),
        ]
    ):
        folder = copytree(run_folder, tmp_path / str(number))
        whole = (folder / file).read_bytes()
        (folder / file).write_bytes(whole[: len(whole) // 2])
        code, _, error = qdl(*words, folder)
        assert code == 2
        assert f"{file} is damaged" in one_line(error)


@pytest.mark.parametrize("words", [["evaluate", "--shots", 0], ["evaluate", "--shots", 10, "--coupling", -1]])
def test_wrong_shots_and_couplings_are_one_line(qdl: Callable[..., Any], words: list[object], run_folder: Path) -> None:
    code, _, error = qdl(*words, run_folder)
    assert code == 2
    assert "makes no sense" in one_line(error)


@pytest.mark.parametrize(
    "words", [["train", "--epochs", "many"], ["train", "--seeds", 0], ["fly"], ["evaluate"], ["train", "--fast"]]
)
def test_a_wrong_command_line_shows_the_usage(qdl: Callable[..., Any], words: list[object]) -> None:
    code, _, error = qdl(*words)
    assert code == 2
    assert "Usage: qdl" in error


def test_every_circuit_is_listed_and_drawn(qdl: Callable[..., Any]) -> None:
    code, out, _ = qdl("circuits", "list")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert len(names) >= 10
    for name in names:
        code, drawn, _ = qdl("circuits", "show", name)
        assert code == 0
        assert len(drawn.splitlines()) > 1, drawn


def test_the_doctor_finds_nothing_here(qdl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qdl.cli.PACKAGES", ("torch", "sklearn"))
    code, out, _ = qdl("doctor")
    assert code == 0, out
    for what in ("qdl: ", "torch: 2.", "sklearn: 1.", "devices: cpu (", "circuits: ", "gradient: right to"):
        assert f"ok    {what}" in out


@pytest.mark.slow
def test_every_declared_package_can_be_imported(qdl: Callable[..., Any]) -> None:
    code, out, _ = qdl("doctor")
    assert code == 0, out
    assert out.count("ok    ") >= 20


def test_the_doctor_names_what_is_broken(qdl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qdl.cli.PACKAGES", ("torch", "no_such_package"))
    code, out, _ = qdl("doctor")
    assert code == 1
    assert "fault no_such_package: ModuleNotFoundError" in out


def test_ctrl_c_says_how_to_go_on(qdl: Callable[..., Any], run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qdl.cli._run", stop)
    code, _, error = qdl("train", "--resume", run_folder)
    assert code == 130
    assert f"go on with: qdl train --resume {run_folder}" in error
