# SPDX-License-Identifier: BSD-3-Clause
"""Text that people write: without control characters and without markup, which nobody here needs."""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MARKUP = "markup"  # the error's type: whoever sends that has tried, and the audit log says so
_tag = re.compile(r"<\s*[/!?a-zA-Z]|javascript\s*:", re.IGNORECASE)
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def has_markup(text: object) -> bool:
    return isinstance(text, str) and _tag.search(text) is not None


def plain(text: str) -> str:
    if has_markup(text):
        raise PydanticCustomError(MARKUP, "must be plain text: it holds markup")
    if _control.search(text):
        raise PydanticCustomError("control_character", "must be plain text: it holds a control character")
    return text


PlainText = Annotated[str, AfterValidator(plain)]
