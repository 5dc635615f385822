# SPDX-License-Identifier: BSD-3-Clause
"""The front end's files, built by Vite into ../front/dist; every address that is no route gives its one page."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

FILES = Path(__file__).parent.parent / "front" / "dist"

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
def page(path: str) -> FileResponse:
    if path.split("/")[0] in {"api", "v1", "ws", "health", "metrics"}:
        raise HTTPException(404, f"there is no route /{path}")
    root = FILES.resolve()
    file = (root / path).resolve()
    if file.is_relative_to(root) and file.is_file():
        unchanging = path.startswith("assets/")  # their names hold the hash of what they contain
        return FileResponse(
            file, headers={"Cache-Control": "public, max-age=31536000, immutable" if unchanging else "no-cache"}
        )
    if not (root / "index.html").is_file():
        raise HTTPException(404, "the pages are not built: run `npm ci && npm run build` in examples/webapp/front")
    return FileResponse(root / "index.html", headers={"Cache-Control": "no-cache"})
