# SPDX-License-Identifier: BSD-3-Clause
"""python -m control_room: serves it, as the settings say."""

import sys

import uvicorn
from pydantic import ValidationError

from .app import make_app
from .live.frames import FrameProtocol
from .settings import Settings


def main() -> int:
    try:
        settings = Settings()
    except (ValidationError, FileNotFoundError) as wrong:
        print(f"control room: {wrong}", file=sys.stderr)
        return 2
    uvicorn.run(
        make_app(settings),
        ws=FrameProtocol,
        ws_per_message_deflate=False,  # each client's own, it would cost more than all the rest
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        access_log=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies or None,
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
