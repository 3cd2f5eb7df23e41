"""Tells the language of a text; what a site declares is never believed."""

from pipeline.identification.document import identify_document
from pipeline.identification.identifiers import IDENTIFIERS, make_identifier

__all__ = ["IDENTIFIERS", "identify_document", "make_identifier"]
