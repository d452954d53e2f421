"""What programs get in place of pages: under /api everything is answered in JSON, mistakes too."""

from typing import Any

from flask import jsonify, request
from flask_babel import lazy_gettext as _l

ROOT = "/api"
NAMES = {  # of a mistake, by its status, where nobody says more
    400: ("BadRequestError", "E_BAD_REQUEST", _l("This could not be read.")),
    401: ("UnauthorizedError", "E_UNAUTHORIZED", _l("Send a token: “Authorization: Bearer desk_…”.")),
    403: ("ForbiddenError", "E_FORBIDDEN", _l("You may not do that.")),
    404: ("NotFoundError", "E_NOT_FOUND", _l("There is nothing here.")),
    405: ("MethodNotAllowedError", "E_METHOD_NOT_ALLOWED", _l("This address takes other methods.")),
    409: ("ConflictError", "E_CONFLICT", _l("That cannot be done now.")),
    413: ("ContentTooLargeError", "E_TOO_LARGE", _l("That is larger than what is taken here.")),
    415: ("UnsupportedMediaTypeError", "E_UNSUPPORTED_MEDIA_TYPE", _l("Send application/json.")),
    422: ("ValidationError", "E_VALIDATION", _l("Something of it is not right.")),
    429: ("TooManyRequestsError", "E_TOO_MANY_REQUESTS", _l("That was too often.")),
    500: ("InternalError", "E_INTERNAL", _l("The desk made a mistake. It is written down.")),
    503: ("UnavailableError", "E_UNAVAILABLE", _l("The desk is away for a moment.")),
}


class ApiError(Exception):
    """What a program is refused, and why. `details` says it for each field, where it is about fields."""

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        code: str = "",
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.details, self.headers = details or {}, headers or {}

    def answer(self):
        name, code, words = NAMES[self.status]
        said = {
            "error": name,
            "message": self.message or str(words),
            "error_code": self.code or code,
            "details": self.details,
        }
        return jsonify(said), self.status, self.headers


def is_from_machine() -> bool:
    """Whether this is asked of the API, found or not: then no cookie counts, and the answer is JSON."""
    return request.path == ROOT or request.path.startswith(f"{ROOT}/")


def nearest(status: int) -> int:
    """The status that there are words for, as good as that one."""
    return status if status in NAMES else 500 if status >= 500 else 400
