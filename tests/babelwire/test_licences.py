"""No GPL among what is installed; LGPL only where it stays a package of its own."""

import re
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement

from tests.babelwire.conftest import ROOT

LOCK = (ROOT / "requirements" / "run.txt").read_text("utf-8")


def is_installed(name: str) -> bool:
    """Some are for other systems only."""
    try:
        return bool(distribution(name))
    except ModuleNotFoundError:
        return False


PINNED = [
    name
    for name in re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK, re.MULTILINE)
    if is_installed(name)
]

CHOICE = {"tld"}
"""Offered under the MPL 1.1 as well: that one is taken."""

SEPARATE = {"chardet"}
"""LGPL, installed as a package of its own that anybody may replace: readability-lxml
asks for it, and calls it only for pages given as bytes, which we never do."""


@pytest.mark.parametrize("name", PINNED)
def test_a_requirement_is_not_under_the_gpl(name: str) -> None:
    metadata = distribution(name).metadata
    told = [
        metadata.get("License-Expression") or "",
        (metadata.get("License") or "")[:200],
        *(c for c in metadata.get_all("Classifier") or () if "License" in c),
    ]
    text = " ".join(told)
    if name in CHOICE:
        assert "MPL" in text
    elif name in SEPARATE:
        assert "LGPL" in text
    else:
        assert not re.search(r"GPL|GNU (Lesser |Affero )?General", text), text


def test_every_requirement_states_its_floor() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for text in project["dependencies"]:
        assert Requirement(text).specifier, text
