from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from qdl.errors import RunFolderError
from qdl.train.checkpoint import Journal, Progress, pack, read_journal, unpack
from qdl.train.files import read_tensors, write_tensors, write_whole


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.safetensors"
    weights = {"model.weight": torch.arange(6.0).reshape(2, 3)}
    Progress("abc", [{"model": "twin"}], 17, 2, 0.5, weights, [[0.5]]).write(path)
    return path


def test_progress_comes_back_whole(checkpoint: Path) -> None:
    back = Progress.read(checkpoint, "abc")
    assert (back.records, back.points) == ([{"model": "twin"}], [[0.5]])
    assert (back.written, back.epochs, back.seconds) == (17, 2, 0.5)
    assert torch.equal(back.tensors["model.weight"], torch.arange(6.0).reshape(2, 3))


def test_no_checkpoint_is_a_run_that_has_not_begun(tmp_path: Path) -> None:
    assert Progress.read(tmp_path / "checkpoint.safetensors", "abc") == Progress("abc")


def test_a_checkpoint_cut_off_anywhere_is_refused(checkpoint: Path) -> None:
    whole = checkpoint.read_bytes()
    for length in range(len(whole)):
        checkpoint.write_bytes(whole[:length])
        with pytest.raises(RunFolderError, match="damaged"):
            Progress.read(checkpoint, "abc")


def test_a_checkpoint_with_one_wrong_byte_is_refused(checkpoint: Path) -> None:
    whole = checkpoint.read_bytes()
    for place in range(len(whole)):
        checkpoint.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(RunFolderError, match="damaged"):
            Progress.read(checkpoint, "abc")


def test_a_checkpoint_of_another_configuration_is_refused(checkpoint: Path) -> None:
    with pytest.raises(RunFolderError, match="another configuration"):
        Progress.read(checkpoint, "abd")


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "c", {}, {"config": "abc", "flavour": "strange"})
    with pytest.raises(RunFolderError, match="version"):
        Progress.read(tmp_path / "c", "abc")


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(RunFolderError, match="damaged"):
        read_tensors(tmp_path / "model.safetensors")


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails before the renaming leaves the old file as it was."""
    path = tmp_path / "file"
    write_whole(path, b"old")
    for step in ("write", "fsync", "replace"):
        with monkeypatch.context() as patch:

            def fail(*_: object) -> None:
                raise OSError(28, "No space left on device")

            if step == "fsync":
                patch.setattr("os.fsync", fail)
            elif step == "replace":
                patch.setattr(Path, "replace", fail)
            else:
                patch.setattr(Path, "open", fail)
            with pytest.raises(RunFolderError, match="No space left"):
                write_whole(path, b"new")
        assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_fit_goes_on_as_if_it_had_not_stopped() -> None:
    x = torch.rand(8, 4, generator=torch.Generator().manual_seed(0))

    def start() -> tuple[nn.Module, torch.optim.Adam]:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Linear(4, 2)
        return model, torch.optim.Adam(model.parameters(), lr=0.1)

    def steps(model: nn.Module, optimizer: torch.optim.Adam, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            model(x).square().sum().backward()
            optimizer.step()

    through, halfway, resumed = start(), start(), start()
    steps(*through, 6)
    steps(*halfway, 3)
    kept = pack(*halfway)
    steps(*halfway, 1)  # does not reach into what was packed
    unpack(kept, *resumed)
    steps(*resumed, 3)
    for one, other in zip(through[0].parameters(), resumed[0].parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_journal_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    journal = Journal(path, 0)
    journal.append([{"step": 0}])
    kept = journal.written
    journal.append([{"step": 1}])
    Journal(path, kept).append([{"step": 10}])
    assert read_journal(path) == [{"step": 0}, {"step": 10}]


def test_a_last_line_that_was_cut_off_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 0}\n{"ste')
    assert read_journal(path) == [{"step": 0}]
    Journal(path, 12).append([{"step": 1}])
    assert read_journal(path) == [{"step": 0}, {"step": 1}]


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with pytest.raises(RunFolderError, match="missing"):
        read_journal(path)
    with pytest.raises(RunFolderError, match=r"damaged.*0 bytes"):
        Journal(path, 12)
    path.write_text('{"ste\n{"step": 1}\n')
    with pytest.raises(RunFolderError, match="damaged"):
        read_journal(path)
