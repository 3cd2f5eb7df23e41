"""Small real translation models, trained on the demo's sentence pairs for tests.

They are trained once, in seconds to a minute on one core, and kept (`cache`).
Training needs packages that Babelwire itself does not: a test that wants such a
model is marked, `pytestmark = needs_torch` or `needs("torch", "ctranslate2")`, and
left out where they are missing (`tests/conftest.py`).
"""

from importlib.util import find_spec

import pytest


def needs(*packages: str) -> pytest.MarkDecorator:
    """Leaves a test out where one of the packages is missing; in CI it fails."""
    return pytest.mark.needs(*packages)


def missing(packages: tuple[str, ...]) -> list[str]:
    """Those of some packages that are not installed."""
    return [name for name in packages if find_spec(name) is None]


needs_torch = needs("torch")
