"""A test client that behaves like a browser on a machine of its own."""

from __future__ import annotations

import hashlib
import os
from contextvars import Context
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from tests.support.pages import faults

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class Client(FlaskClient):
    """Sends the CSRF token with every unsafe request (``csrf=False`` leaves it out), and runs each request in an
    empty context: nothing the test has set – viewer, language, application context, ``g`` – leaks into it. A page that is
    not well formed fails the test that fetched it.
    """

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> Any:
        if csrf and str(kwargs.get("method", "GET")).upper() in UNSAFE:
            headers = dict(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRFToken", Context().run(self._token))
            kwargs["headers"] = headers
        answer = Context().run(super().open, *args, **kwargs)
        if answer.mimetype == "text/html" and answer.status_code not in range(300, 400):  # Werkzeug writes those
            assert (wrong := faults(answer.get_data(as_text=True))) == [], (answer.request.path, wrong)
        return answer

    def _token(self) -> str:
        with self.session_transaction() as cookie:
            raw = cookie.setdefault("csrf_token", hashlib.sha256(os.urandom(32)).hexdigest())
        signer = URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token")  # type: ignore[arg-type]
        return str(signer.dumps(raw))
