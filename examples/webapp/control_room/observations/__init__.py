# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

routers: list[APIRouter] = []


def add_middleware(app: FastAPI) -> None:
    pass


@asynccontextmanager
async def start(app: FastAPI) -> AsyncIterator[None]:
    yield
