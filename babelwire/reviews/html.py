"""A review as one HTML file: no script, nothing loaded from elsewhere, printable."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from babelwire.reviews import phrases
from babelwire.reviews.contract import HEADLINE_ONLY, ShownReview
from babelwire.reviews.texts import runs_rtl, web_link
from babelwire.wording import Wording

if TYPE_CHECKING:
    from jinja2 import Template


def render_html(review: ShownReview) -> str:
    """The whole document.

    Every text is escaped, isolated, and marked with its language; addresses become
    links only where they are of the web.
    """
    w = phrases.wording_of(review)
    template = _template(review.language)
    return template.render(review=review, w=w, headline_only=HEADLINE_ONLY) + "\n"


@cache
def _template(language: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translations = Wording(language, "UTC").translations
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["web_link"] = web_link
    environment.globals |= {"direction": _direction, "phrases": phrases}
    source = files("babelwire") / "reviews" / "templates" / "review.html"
    return environment.from_string(source.read_text("utf-8"))


def _direction(text: str, language: str) -> str:
    """For `dir`.

    `auto` looks at the first letter alone, which misleads where an Arabic headline
    begins with a Latin name.
    """
    return "rtl" if runs_rtl(text, language) else "auto"
