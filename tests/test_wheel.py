"""What a user gets: sdist to wheel to an environment far from the checkout, and there every cell and an epoch."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    """Run a command; raise with all it wrote when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def cells(names: list[str], folder: str) -> set[str]:
    """The cells below a folder of an archive, as they are named in circuits/."""
    return {name.split(folder, 1)[1] for name in names if folder in name and name.endswith(".qasm")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of a new environment that holds the wheel and borrows this one's third parties.

    A path in a ``.pth`` file is searched after the environment's own packages, and ``.pth`` files found there are not
    read: an editable qdl in the lender stays invisible.
    """
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "venv", with_pip=False)
    python = home / "venv" / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=home)
    return python.parent


def test_the_archives_hold_the_package_and_its_cells(built: Path) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"qdl"}, tops
    ours = {path.relative_to(CHECKOUT / "circuits").as_posix() for path in (CHECKOUT / "circuits").rglob("*.qasm")}
    assert ours
    assert cells(names, "qdl/_circuits/") == ours
    with tarfile.open(sdist) as archive:
        assert cells(archive.getnames(), "/circuits/") == ours
    modules = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "qdl").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules


def test_every_cell_loads(installed: Path, tmp_path: Path) -> None:
    code = "import qdl; print(qdl.__file__); names = list(qdl.cells()); [qdl.cell(n) for n in names]; print(*names)"
    where, names = run(installed / "python", "-c", code, cwd=tmp_path).splitlines()
    assert Path(where).is_relative_to(installed.parent), f"{where} is not the installed wheel"
    assert len(names.split()) == len(list((CHECKOUT / "circuits").rglob("*.qasm")))


def test_it_trains_an_epoch_and_reports(installed: Path, tmp_path: Path) -> None:
    run(installed / "qdl", "train", "--epochs", 1, "--out", tmp_path / "first", cwd=tmp_path)
    report = (tmp_path / "first" / "report.html").read_text()
    sources = re.findall(r'src="([^"]{1,20})', report)
    assert sources, "the report has no figure"
    assert all(source.startswith("data:image/") for source in sources), "the report is not self-contained"
    run(installed / "qdl", "evaluate", tmp_path / "first", "--shots", 100, cwd=tmp_path)
