# SPDX-License-Identifier: BSD-3-Clause
"""The front end's files, built by Vite into ../front/dist; every address that is no route gives its one page."""

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse

FILES = Path(__file__).parent.parent / "front" / "dist"
NO_PAGES = {"api", "v1", "ws", "health", "metrics"}

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
def page(path: str, request: Request) -> FileResponse:
    first = path.split("/")[0]
    if first in NO_PAGES:
        raise HTTPException(404, f"there is no route /{path}")
    root = FILES.resolve()
    file = (root / path).resolve()
    if not (file.is_relative_to(root) and file.is_file()):
        if first == "assets":
            raise HTTPException(404, "this part of the page is of another version: load the page anew")
        file = root / "index.html"
    if not file.is_file():
        raise HTTPException(404, "the pages are not built: run `npm ci && npm run build` in examples/webapp/front")
    unchanging = first == "assets"  # their names hold the hash of what they contain
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if unchanging else "no-cache"}
    packed = file.with_name(f"{file.name}.gz")  # made by the build, so that nothing is packed for each request
    if not packed.is_file():
        return FileResponse(file, headers=headers)
    headers["Vary"] = "Accept-Encoding"
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(file, headers=headers)
    return FileResponse(packed, media_type=MEDIA_TYPES[file.suffix], headers={**headers, "Content-Encoding": "gzip"})


MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
