"""Any search as an Atom feed (RFC 4287): newest first, headline, excerpt and link."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Request, Response

from babelwire.reading import load_rights
from babelwire.rights import excerpt, how_much
from babelwire.web.addresses import read_address
from pipeline.xml_text import xml_text

if TYPE_CHECKING:
    from datetime import datetime

    from babelwire.web.services import Services
    from pipeline.sources import Rights
    from search_index.query import Hit

router = APIRouter(include_in_schema=False)

ATOM = "http://www.w3.org/2005/Atom"


@router.get("/feed.atom")
def feed(request: Request) -> Response:
    """The newest full matches of a search."""
    from search_index.answer import answer

    services: Services = request.app.state.services
    address = replace(
        read_address(request.query_params.multi_items()), sort="time", page=1
    )
    asked = address.request(request.state.wording.timezone)
    context = services.context()
    results = answer(asked, context, index=services.index)
    base = str(request.base_url).rstrip("/")
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, "id", base + address.url("/feed.atom"))
    _add(root, "title", f"Babelwire: {address.text or '*'}")
    ET.SubElement(
        root, f"{{{ATOM}}}link", rel="self", href=base + address.url("/feed.atom")
    )
    ET.SubElement(root, f"{{{ATOM}}}link", rel="alternate", href=base + address.url())
    hits = [hit for hit in results.hits if hit.match == "all"]
    workspace = services.fresh_workspace()
    rights_of = load_rights(services.database, workspace.sources)
    newest = max(map(_updated, hits), default=context.now)
    _add(root, "updated", newest.isoformat())
    for hit in hits:
        root.append(
            _entry(hit, base, _summary(hit, rights_of(hit.source), context.now))
        )
    ET.register_namespace("", ATOM)
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(text, media_type="application/atom+xml")


def _summary(hit: Hit, rights: Rights, now: datetime) -> str:
    """The passages, as far as they may leave: readers of feeds keep and share them."""
    show = how_much(
        rights,
        published_at=hit.published_at,
        first_seen_at=hit.first_seen_at,
        now=now,
    )
    if show == "headline":
        return rights.notice
    passages = [passage.text for passage in hit.passages if passage.field == "text"]
    if show == "excerpt":
        passages = [excerpt(text, rights.excerpt_characters) for text in passages]
    return "\n".join(filter(None, [*passages, rights.notice]))


def _entry(hit: Hit, base: str, summary: str) -> ET.Element:
    entry = ET.Element(f"{{{ATOM}}}entry")
    reference = f"{hit.id}@{hit.revision}"
    _add(entry, "id", f"tag:babelwire,2024:{reference}")
    _add(entry, "title", hit.translated_title or hit.title or reference)
    _add(entry, "updated", _updated(hit).isoformat())
    author = ET.SubElement(entry, f"{{{ATOM}}}author")
    _add(author, "name", hit.publisher)
    ET.SubElement(
        entry, f"{{{ATOM}}}link", rel="alternate", href=f"{base}/documents/{reference}"
    )
    if hit.url.startswith(("http://", "https://")):
        ET.SubElement(entry, f"{{{ATOM}}}link", rel="via", href=hit.url)
    _add(entry, "summary", summary)
    return entry


def _updated(hit: Hit) -> datetime:
    return hit.published_at or hit.first_seen_at


def _add(parent: ET.Element, name: str, text: str) -> None:
    """A child with text."""
    ET.SubElement(parent, f"{{{ATOM}}}{name}").text = xml_text(text)
