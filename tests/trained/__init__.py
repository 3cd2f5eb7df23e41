"""Small real translation models, trained on the demo's sentence pairs for tests.

They are trained once, in seconds to a minute on one core, and kept (`cache`).
Training needs packages that Babelwire itself does not: a test that wants such a
model is marked, `pytestmark = needs_torch` or `needs("torch", "ctranslate2")`.
"""

import os
from importlib.util import find_spec

import pytest


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skips where one of the packages is missing; in CI nothing is skipped."""
    missing = [name for name in packages if find_spec(name) is None]
    return pytest.mark.skipif(
        bool(missing) and os.environ.get("CI") != "true",
        reason=f"not installed: {', '.join(missing)}",
    )


needs_torch = needs("torch")
