"""From a page's bytes to an article: text, headline, byline, time, canonical.

`extract_page` is the whole of it; it runs in a supervised child because a
hostile page can take minutes.
"""

from pipeline.extraction.article import EXTRACTOR_VERSION, extract_page
from pipeline.extraction.page_input import PageInput

__all__ = ["EXTRACTOR_VERSION", "PageInput", "extract_page"]
