# SPDX-License-Identifier: BSD-3-Clause
"""What libastro raises."""


class Error(RuntimeError):
    """The one exception of libastro. A program decides by `code`, a person reads the message.

    Drivers written in Python raise it too: ``raise astro.Error("out_of_limits", "the lamp is at most 100 %")``.
    """

    def __init__(self, code, message=""):
        from ._astro import ErrorCode

        super().__init__(message)
        self.code = ErrorCode(code)

    @property
    def is_worth_retrying(self):
        """Whether the same call may succeed later without anybody changing anything."""
        from ._astro import _is_worth_retrying

        return _is_worth_retrying(self.code)

    def __reduce__(self):
        return type(self), (str(self.code), str(self))


class SiteError(Error):
    """All problems of a site file or a request at once, as `problems`."""

    def __init__(self, message, problems=()):
        super().__init__("invalid_site", message)
        self.problems = list(problems)

    def __reduce__(self):
        return type(self), (str(self),)
