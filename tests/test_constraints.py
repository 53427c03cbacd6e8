"""The two files of exact versions: the newest, through which every install goes, and the oldest that are allowed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).parents[1]
NEWEST, OLDEST = "constraints.txt", "constraints-oldest.txt"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Other people's hardware and GPUs, which no environment here installs.
ELSEWHERE = ("braket", "ionq", "mitigation", "gpu")
INSTALLED = {
    canonicalize_name(made.name): made
    for text in [*PROJECT["dependencies"], *(t for extra, ts in EXTRAS.items() if extra not in ELSEWHERE for t in ts)]
    for made in [Requirement(text)]
}
ASKED_FOR = [Requirement(text) for text in PROJECT["dependencies"]]


def pins(name: str) -> dict[str, tuple[Version, str]]:
    """Package to its version and the comment right above it."""
    found, above = {}, ""
    for line in (CHECKOUT / name).read_text().splitlines():
        if line.startswith("#"):
            above = line
            continue
        package, version = re.fullmatch(r"([\w.-]+)==([\w.!]+)", line).groups()  # type: ignore[union-attr]
        found[canonicalize_name(package)] = (Version(version), above)
        above = ""
    return found


def lower(asked: Requirement) -> Version:
    (bound,) = [part.version for part in asked.specifier if part.operator == ">="]
    return Version(bound)


@pytest.mark.parametrize("asked", INSTALLED.values(), ids=str)
def test_what_is_installed_is_pinned_within_its_range(asked: Requirement) -> None:
    version, _ = pins(NEWEST)[canonicalize_name(asked.name)]
    assert asked.specifier.contains(version)


@pytest.mark.parametrize("asked", ASKED_FOR, ids=str)
def test_the_oldest_stand_at_the_lower_bound_or_say_why_not(asked: Requirement) -> None:
    version, reason = pins(OLDEST)[canonicalize_name(asked.name)]
    assert asked.specifier.contains(version)
    assert version == lower(asked) or reason, f"{asked.name}: {version} is not the lower bound"


def test_the_oldest_are_not_newer_than_the_newest() -> None:
    newest = pins(NEWEST)
    for package, (version, reason) in pins(OLDEST).items():
        if package in newest:
            assert version <= newest[package][0] or reason, package


def bounded_above() -> list[str]:
    """The requirements that ask for more than a lower bound."""
    texts = [*PROJECT["dependencies"], *(text for texts in EXTRAS.values() for text in texts)]
    return [text for text in texts if any(part.operator != ">=" for part in Requirement(text).specifier)]


def test_upper_bounds_have_a_written_reason() -> None:
    lines = (CHECKOUT / "pyproject.toml").read_text().splitlines()
    for text in bounded_above():
        (line,) = [line for line in lines if f'"{text}"' in line]
        assert "#" in line, f"no reason for the bound of {text}"


def test_installs_go_through_the_files() -> None:
    made = (CHECKOUT / "Makefile").read_text()
    assert re.search(rf"pip install.* -c {NEWEST} ", made)
    assert re.search(rf"pip install.* -c {OLDEST} ", made)
    assert "make oldest" in (CHECKOUT / "CONTRIBUTING.md").read_text()
    assert "qdl_make oldest" in (CHECKOUT / ".ci" / "run").read_text()
