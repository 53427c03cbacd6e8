from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
import torch

from qdl.errors import RunFolderError, ValuesError
from qdl.train import create, evaluate, load
from qdl.train.config import Network
from qdl.train.data import open_data
from qdl.train.evaluation import Bench, single_output_optimum, survey
from qdl.train.folder import read_config
from qdl.train.models import build
from tests.train.runs import config


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def test_exact_evaluation_is_the_loaded_models_accuracy(done: Path) -> None:
    found = evaluate(done)
    test = open_data(read_config(done).data).test
    for seed, score in enumerate(found.scores):
        guesses = load(done, seed=seed)(test.images).argmax(1)
        assert score.accuracy == pytest.approx((guesses == test.labels).float().mean().item())
    assert found.coupling == 0.5
    assert [fit["accuracy"] for fit in results(done)["fits"] if fit["model"] == "quantum"] == [
        score.accuracy for score in found.scores
    ]


def test_shots_are_read_at_the_coupling_chosen_in_the_run(done: Path) -> None:
    evaluation = results(done)["evaluation"]
    found = evaluate(done, shots=100)
    assert found.coupling == evaluation["chosen"]["100"]
    assert [score._asdict() for score in found.scores] == evaluation["test"]["100"]


def test_the_choice_is_the_best_on_validation_images_and_not_below_the_floor(done: Path) -> None:
    bench = Bench(done, read_config(done), open_data(read_config(done).data), torch.device("cpu"))
    couplings = bench.config.evaluation.couplings
    assert couplings == (0.1, 0.5)
    assert bench.choose(100, [[0.9, 0.9], [0.1, 0.2]]) == 0.5, "0.1 lies below the floor of 0.3"
    free = bench.config.evaluation.model_copy(update={"floor": 0.05})
    bench.config = bench.config.model_copy(update={"evaluation": free})
    assert bench.choose(100, [[0.9, 0.9], [0.1, 0.2]]) == 0.1
    assert bench.choose(100, [[0.5, 0.1], [0.1, 0.6]]) == 0.5


def test_many_shots_come_near_the_exact_loss(done: Path) -> None:
    exact, rough, fine = evaluate(done), evaluate(done, 10, 0.5), evaluate(done, 10**7, 0.5)
    for one, few, many in zip(exact.scores, rough.scores, fine.scores, strict=True):
        assert abs(many.loss - one.loss) < 0.01 < abs(few.loss - one.loss)


@pytest.mark.parametrize(("shots", "coupling"), [(0, None), (-3, None), (10, 0.0), (None, -1.0), (10, float("nan"))])
def test_wrong_numbers_are_refused(shots: int | None, coupling: float | None, done: Path) -> None:
    with pytest.raises(ValuesError, match="makes no sense"):
        evaluate(done, shots, coupling)


def test_an_unfinished_or_damaged_run_is_refused(done: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no run folder"):
        evaluate(tmp_path / "nowhere")
    folder = create(config(), tmp_path / "fresh")
    with pytest.raises(RunFolderError, match=r"not finished.*--resume"):
        evaluate(folder)
    for damaged in ('{"fits": [', "[]", '{"fits": []}'):
        (folder / "results.json").write_text(damaged)
        with pytest.raises(RunFolderError, match=r"results.json is damaged"):
            evaluate(folder)


def test_the_single_output_optimum_by_enumeration() -> None:
    """E[W^3] over all 2^4 patterns of a 2 x 2 patch, in a layer with padding and stride."""
    network = Network(channels=(2, 2), kernels=(2, 1), strides=(2, 1), paddings=(1, 0))
    model = build("quantum", network, (1, 4, 4), 10, 0)
    images = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    squares = []
    for image, channel, row, column in product(range(3), range(2), (0, 2, 4), (0, 2, 4)):
        patch = padded[image, 0, row : row + 2, column : column + 2].flatten().tolist()
        weight = model.conv1.weight[channel].flatten().tolist()
        moment = 0.0
        for pattern in product((0, 1), repeat=4):
            chance = 1.0
            for n, p in zip(pattern, patch, strict=True):
                chance *= p if n else 1 - p
            moment += chance * sum(n * w for n, w in zip(pattern, weight, strict=True)) ** 3
        squares.append((moment / 6) ** 2)
    expected = (2 * sum(squares) / len(squares) * 1000) ** (-1 / 6)
    assert single_output_optimum(model, images, 1000)["conv1"] == pytest.approx(expected, rel=1e-4)


def test_choices_are_made_on_validation_images(done: Path) -> None:
    data = open_data(read_config(done).data)
    bench = Bench(done, read_config(done), data, torch.device("cpu"))
    for seed, accuracy in enumerate(bench.accuracies(0.5, None)):
        guesses = load(done, seed=seed)(data.validation.images).argmax(1)
        assert accuracy == pytest.approx((guesses == data.validation.labels).float().mean().item())


def test_a_survey_goes_on_from_the_points_it_has(done: Path) -> None:
    bench = Bench(done, read_config(done), open_data(read_config(done).data), torch.device("cpu"))
    known = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]  # exact at both couplings, 100 shots at the first
    points, saved = list(known), []
    found = survey(bench, points, lambda: saved.append(len(points)))
    assert saved == [4]
    assert found["validation"]["exact"] == known[:2]
    assert found["validation"]["100"] == [known[2], bench.accuracies(0.5, 100)]


def test_a_layer_that_hears_nothing_has_no_optimum_and_stops_nobody() -> None:
    model = build("quantum", Network(norm=False), (1, 16, 16), 10, 0).eval()
    heard = single_output_optimum(model, torch.rand(2, 1, 16, 16), 100)
    assert list(heard) == ["conv1", "conv2", "conv3"]
    assert "conv1" not in single_output_optimum(model, torch.zeros(2, 1, 16, 16), 100)
