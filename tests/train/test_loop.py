from __future__ import annotations

import json
import math
from itertools import count
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch

from qdl.errors import RunFolderError, ValuesError
from qdl.train import Config, ConfigError, create, load, run
from qdl.train.data import generator, open_data
from qdl.train.files import read_tensors, write_tensors
from qdl.train.folder import alone, read_config
from qdl.train.loop import Watcher
from qdl.train.models import build
from qdl.train.settling import Fit, fits, settled
from tests.train.runs import SMALL, Killer, assert_each_step_once, assert_same_outcome, config, finished, lines

TINY: dict[str, dict[str, Any]] = {
    "data": {"limit": 40},
    "training": {"epochs": 2, "seeds": [0], "models": ["quantum", "head"], "batch": 20},
}


def test_a_run_leaves_everything_behind(done: Path) -> None:
    names = {path.name for path in done.iterdir()}
    assert {"config.toml", "model.safetensors", "metrics.jsonl", "results.json", "report.html"} <= names
    assert not [name for name in names if name.endswith(".part")]
    assert_each_step_once(done, epochs=3, per_epoch=3)
    results = json.loads((done / "results.json").read_text())
    assert [(fit["model"], fit["seed"]) for fit in results["fits"]] == [
        ("quantum", 0), ("twin", 0), ("quantum", 1), ("twin", 1)
    ]  # fmt: skip


def test_the_same_run_twice_gives_the_same_weights(done: Path, tmp_path: Path) -> None:
    assert_same_outcome(done, finished(tmp_path / "again"))


def test_loss_goes_down(done: Path) -> None:
    for model in ("quantum", "twin"):
        losses = [line["loss"] for line in lines(done) if line["kind"] == "epoch" and line["model"] == model]
        assert losses[2] < losses[0]


def test_stopped_anywhere_and_resumed_it_ends_in_the_same_weights(tmp_path: Path) -> None:
    """Stops after every single thing that a watcher hears, all in one run, resumed after each."""
    straight = finished(tmp_path / "straight", **TINY)
    stopped = create(config(**TINY), tmp_path / "stopped")
    for again in count(1):
        assert again < 60, "the run does not come to an end"
        before = len(lines(stopped)) if (stopped / "metrics.jsonl").exists() else 0
        try:
            run(stopped, Killer(3))
            break
        except KeyboardInterrupt:
            assert_each_step_is_once_so_far(stopped, before)
    assert again > 3
    assert_same_outcome(straight, stopped)
    assert_each_step_once(stopped, epochs=2, per_epoch=2)


def assert_each_step_is_once_so_far(folder: Path, before: int) -> None:
    seen = [(line["kind"], line["model"], line["epoch"], line.get("step")) for line in lines(folder)]
    assert len(seen) == len(set(seen))
    assert len(seen) >= before, "a line that was safe is gone"


@pytest.mark.parametrize("at", [0, 1, 4, 8, 9])
def test_a_single_stop(at: int, tmp_path: Path, straight: Path) -> None:
    folder = create(config(**TINY), tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        run(folder, Killer(at))
    run(folder)
    assert_same_outcome(straight, folder)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "straight", **TINY)


def test_a_resume_repeats_less_than_an_epoch(tmp_path: Path) -> None:
    class Steps(Watcher):
        taken = 0

        def begin(self, fit: Fit, done: int, total: int) -> None:
            self.done = done

        def step(self, loss: float) -> None:
            self.taken += 1

    folder = create(config(**TINY), tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        run(folder, Killer(5))  # begin, 2 steps, epoch, 1 step
    steps = Steps()
    run(folder, steps)
    assert steps.taken == 2 * 2 * 2 - 2, "the first epoch of two steps was safe"


def test_a_finished_run_is_left_alone(straight: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in straight.rglob("[!.]*.*")}
    assert run(straight) == json.loads((straight / "results.json").read_text())
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize("lost", ["report.html", "results.json", "model.safetensors"])
def test_what_was_lost_at_the_end_is_made_again(lost: str, straight: Path, tmp_path: Path) -> None:
    folder = copytree(straight, tmp_path / "run")
    (folder / lost).unlink()
    run(folder)
    assert (folder / lost).exists()
    assert_same_outcome(straight, folder)


def test_the_thread_count_is_the_configured_one_and_put_back(tmp_path: Path) -> None:
    before = torch.get_num_threads()

    class Threads(Watcher):
        seen = 0

        def begin(self, fit: Fit, done: int, total: int) -> None:
            self.seen = torch.get_num_threads()

    watcher = Threads()
    other = 3 if before != 3 else 2
    run(create(config(**TINY, machine={"threads": other}), tmp_path / "run"), watcher)
    assert watcher.seen == other
    assert torch.get_num_threads() == before


def test_only_one_process_at_a_time(tmp_path: Path) -> None:
    folder = create(config(**TINY), tmp_path / "run")
    with alone(folder), pytest.raises(RunFolderError, match="another process"):
        run(folder)


def test_nothing_is_overwritten(done: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"not empty.*--resume"):
        create(config(), done)
    (tmp_path / "config.toml.part").write_text("what a crash left")
    assert create(config(), tmp_path) == tmp_path


def test_a_changed_configuration_is_not_gone_on_with(straight: Path, tmp_path: Path) -> None:
    folder = copytree(straight, tmp_path / "run")
    text = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(text.replace("batch = 20", "batch = 10"))
    with pytest.raises(RunFolderError, match="another configuration"):
        run(folder)


def test_the_search_picks_the_best_rate_on_validation_images(tmp_path: Path) -> None:
    searching = {**TINY, "search": {"rates": [1e-6, 0.02], "seeds": [7]}}
    folder = finished(tmp_path / "run", **searching)
    results = json.loads((folder / "results.json").read_text())
    tried = [(fit["model"], fit["rate"]) for fit in results["fits"] if fit["stage"] == "search"]
    assert tried == [("quantum", 1e-6), ("quantum", 0.02), ("head", 1e-6), ("head", 0.02)]
    best = {
        model: max(
            (fit["validation_accuracy"], -fit["validation_loss"], fit["rate"])
            for fit in results["fits"]
            if fit["stage"] == "search" and fit["model"] == model
        )[2]
        for model in ("quantum", "head")
    }
    assert results["rates"] == best
    assert {fit["model"]: fit["rate"] for fit in results["fits"] if fit["stage"] == "train"} == best


def test_rates_without_a_search_are_the_configured_ones() -> None:
    plain = config(training={"rates": {"quantum": 0.5}})
    assert [settled(plain, [], model) for model in ("quantum", "twin")] == [(0, 0.5), (0, plain.training.rates.twin)]
    assert [fit.rate for fit in fits(plain, [])][::2] == [0.5, 0.5]


def test_the_quantum_model_chooses_the_network_on_validation_images_and_the_others_follow(tmp_path: Path) -> None:
    shape = SMALL["network"]
    networks = [{**shape, "channels": [1, 1], "norm": False}, {**shape, "channels": [4, 6]}, {**shape, "coupling": 0.1}]
    searching = {**TINY, "training": {**TINY["training"], "epochs": 4, "models": ["quantum", "twin"]}}
    folder = finished(tmp_path / "run", **searching, search={"rates": [0.02, 0.04], "networks": networks, "seeds": [7]})
    fits = json.loads((folder / "results.json").read_text())["fits"]
    searched = [fit for fit in fits if fit["stage"] == "search"]
    assert [fit["network"] for fit in searched if fit["model"] == "quantum"] == [0, 0, 1, 1, 2, 2]
    assert not any("accuracy" in fit for fit in searched), "the test images were opened in the search"
    best = max(searched[:6], key=lambda fit: (fit["validation_accuracy"], -fit["validation_loss"]))["network"]
    assert {fit["network"] for fit in [*searched[6:], *fits[len(searched) :]]} == {best}
    expected = build("quantum", Config.read({"network": networks[best]}).network, (1, 16, 16), 10, 0)
    assert load(folder).state_dict().keys() == expected.state_dict().keys()
    page = (folder / "report.html").read_text()
    assert page.count("chosen</td>") == 2


def test_a_search_can_be_interrupted_too(tmp_path: Path) -> None:
    searching = {**TINY, "search": {"rates": [1e-3, 0.02], "seeds": [7]}}
    straight = finished(tmp_path / "straight", **searching)
    folder = create(config(**searching), tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        run(folder, Killer(12))
    run(folder)
    assert_same_outcome(straight, folder)


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    folder = create(config(training={"rates": {"quantum": 1e30}}, network={"norm": False}), tmp_path / "run")
    with pytest.raises(ValuesError, match=r"diverged|NaN or infinity"):
        run(folder)


def test_load_gives_the_trained_module(done: Path) -> None:
    model = load(done)
    assert not model.training
    for name, weight in read_tensors(done / "model.safetensors")[0].items():
        assert torch.equal(model.state_dict()[name], weight)
    assert model(torch.rand(2, 1, 16, 16)).shape == (2, 10)
    twin, other = load(done, "twin"), load(done, seed=1)
    assert isinstance(twin.conv1, torch.nn.Conv2d)
    assert not torch.equal(other.conv1.weight, model.conv1.weight)
    assert math.isclose(model.conv1.coupling, 0.5)


def test_what_cannot_be_loaded_says_why(done: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no run folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(RunFolderError, match="holds no run"):
        load(tmp_path)
    fresh = create(config(), tmp_path / "fresh")
    with pytest.raises(RunFolderError, match=r"model.safetensors is missing"):
        load(fresh)
    damaged = copytree(done, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes((damaged / "model.safetensors").read_bytes()[:-1])
    with pytest.raises(RunFolderError, match="damaged"):
        load(damaged)
    (damaged / "config.toml").write_text("[data")
    with pytest.raises(RunFolderError, match=r"config.toml is damaged"):
        load(damaged)
    other = copytree(done, tmp_path / "other")
    weights, facts = read_tensors(other / "model.safetensors")
    write_tensors(other / "model.safetensors", {"conv1.weight": weights["conv1.weight"]}, facts)
    with pytest.raises(RunFolderError, match="does not belong"):
        load(other)


def test_a_configuration_cut_off_after_any_line_is_refused(tmp_path: Path) -> None:
    folder = create(config(), tmp_path / "run")
    kept = (folder / "config.toml").read_text().splitlines(keepends=True)
    for number in range(len(kept)):
        (folder / "config.toml").write_text("".join(kept[:number]))
        with pytest.raises(RunFolderError, match=r"config.toml is damaged"):
            read_config(folder)


def test_a_damaged_checkpoint_stops_the_resume(straight: Path, tmp_path: Path) -> None:
    folder = copytree(straight, tmp_path / "run")
    checkpoint = folder / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[: checkpoint.stat().st_size // 2])
    with pytest.raises(RunFolderError, match=r"checkpoint.safetensors is damaged"):
        run(folder)


def test_a_shortened_journal_stops_the_resume(straight: Path, tmp_path: Path) -> None:
    folder = copytree(straight, tmp_path / "run")
    (folder / "metrics.jsonl").write_text("")
    with pytest.raises(RunFolderError, match=r"metrics.jsonl is damaged"):
        run(folder)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = create(config(machine={"device": "cuda:99"}), tmp_path / "run")
    with pytest.raises(ConfigError, match="cuda:99"):
        run(folder)


def test_the_loop_is_plain_adam_on_a_rising_and_falling_rate(done: Path) -> None:
    """The same training written down once more, with torch's schedulers."""
    settings = read_config(done)
    data = open_data(settings.data)
    model = build("twin", settings.network, data.shape, len(data.classes), 1)
    steps = 3 * 3
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.training.rates.twin)

    def share(step: int) -> float:
        done = (step + 0.5) / steps
        return done / 0.15 if done < 0.15 else math.cos(math.pi / 2 * (done - 0.15) / 0.85) ** 2

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    for epoch in range(3):
        images, labels = data.training(1, epoch)
        order = torch.randperm(96, generator=generator("order", 1, epoch))
        for batch in (order[:32], order[32:64], order[64:]):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
            scheduler.step()
    for name, weight in load(done, "twin", 1).state_dict().items():
        torch.testing.assert_close(weight, model.state_dict()[name], rtol=1e-4, atol=1e-5)
