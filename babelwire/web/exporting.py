"""Downloads of everything that a search found."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from babelwire.exports.formats import FORMATS, write
from babelwire.exports.released import release
from babelwire.reading import load_rights
from babelwire.terminal import counted
from babelwire.web.addresses import read_address
from babelwire.web.deeds import log
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babelwire.web.services import Services

router = APIRouter(include_in_schema=False)

CHUNK = 1 << 16


@router.get("/export")
def export(request: Request) -> Response:
    """A file with every full match, as much of each as its source's rights allow.

    It is written before it is sent: a reader gets all of it or an error.
    """
    from search_index.answer import export as found

    services: Services = request.app.state.services
    name = request.query_params.get("format", "")
    if name not in FORMATS:
        raise InputError(f'format: found "{name}", expected {", ".join(FORMATS)}')
    address = replace(read_address(request.query_params.multi_items()), page=1)
    asked = address.request(request.state.wording.timezone)
    context = services.context()
    workspace = services.fresh_workspace()
    rights_of = load_rights(services.database, workspace.sources)
    released = release(
        found(asked, context, index=services.index), rights_of, context.now
    )
    chosen = FORMATS[name]
    file = _temporary(binary=chosen.is_binary)
    try:
        report = write(
            name, released, file, workspace=workspace, database=services.database
        )
    except BaseException:
        file.close()
        raise
    log(request, "exported", f"{name}, {counted(report.documents, 'document')}")
    name = f"babelwire-{context.now:%Y-%m-%d}{chosen.suffix}"
    return StreamingResponse(
        _chunks(file),
        media_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _temporary(*, binary: bool) -> IO[Any]:
    if binary:
        return tempfile.TemporaryFile("w+b")
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="")


def _chunks(file: IO[Any]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk if isinstance(chunk, bytes) else chunk.encode()
