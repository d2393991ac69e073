"""What stands around every request: an id, a key, a limit on size and time, a line in the log, and no traceback outside."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from automl_core.serving.figures import Figures
from automl_core.serving.keys import KeyRing

LOG = logging.getLogger("tablewright.serving")
OPEN = ("/health", "/ready")
"""Paths that need no key: a load balancer asks them."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PORT = re.compile(r":\d+$")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Limits:
    """What one request may take.

    Parameters
    ----------
    body, batch : int
        Bytes of a JSON body, and of a file to be predicted.
    rows : int
        In one JSON body.
    seconds : float
        Until the body has come, and until a piece of the answer is taken.
    """

    body: int = 10 * 2**20
    batch: int = 512 * 2**20
    rows: int = 10_000
    seconds: float = 60.0


class RefusedError(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """The outermost part of the service.

    Parameters
    ----------
    app : ASGI application
    keys : KeyRing
        Where it has keys, every path but `OPEN` needs one.
    limits : Limits
    figures : Figures
    local : bool
        Whether only this machine is meant to call: a name that is not its own then comes from a page of somebody else,
        whose name was made to point here (DNS rebinding).
    keyed : bool
        Whether a key is needed also where there is none any more, so that nobody's last key opens the service to everybody.
    """

    def __init__(
        self, app: App, keys: KeyRing, limits: Limits, figures: Figures, *, local: bool = False, keyed: bool = False
    ) -> None:
        self._local = local
        self._keyed = keyed
        self._app = app
        self._keys = keys
        self._limits = limits
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        facts: dict[str, Any] = {"request_id": request_id, "method": scope["method"], "path": scope["path"]}
        scope.setdefault("state", {}).update(facts=facts, started=started)
        answered = 0

        async def sending(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            try:
                async with asyncio.timeout(self._limits.seconds):
                    await send(message)
            except TimeoutError as error:
                raise RefusedError(408, f"The answer was not taken within {self._limits.seconds:g} s.") from error

        try:
            self._same_site(headers)
            self._admit(scope["path"], headers, facts)
            await self._app(scope, self._limited(scope["path"], headers, receive), sending)
        except RefusedError as error:
            facts["reason"] = str(error)
            if not answered:
                await _answer(sending, error.status, {"detail": str(error), "request_id": request_id})
        except Exception:  # whatever it was, the caller gets an id and the log the rest
            LOG.exception("a fault of ours", extra={"facts": {"request_id": request_id}})
            if not answered:
                sentence = "Something went wrong on our side; the log has the details under this request's id."
                await _answer(sending, 500, {"detail": sentence, "request_id": request_id})
        finally:
            took = time.perf_counter() - started
            route = scope.get("route")
            path = getattr(route, "path", "") or "other"
            self._figures.requests.labels(path, str(answered or 499)).inc()
            self._figures.seconds.labels(path).observe(took)
            LOG.info("request", extra={"facts": {**facts, "status": answered or 499, "ms": round(1000 * took, 3)}})

    def _same_site(self, headers: dict[str, str]) -> None:
        """Refuse what a browser sends for a page of another site; other callers name no origin."""
        origin, host = headers.get("origin", ""), headers.get("host", "")
        ours = {host.lower(), headers.get("x-forwarded-host", "").lower()} - {""}
        if origin and origin.lower().partition("://")[2] not in ours:
            raise RefusedError(403, "Pages of other sites may not call this service.")
        if self._local and not is_loopback(_PORT.sub("", host).strip("[]")):
            raise RefusedError(403, "This service answers to localhost and 127.0.0.1 only.")

    def _admit(self, path: str, headers: dict[str, str], facts: dict[str, Any]) -> None:
        if path in OPEN or not (self._keyed or self._keys.all()):
            return
        kind, _, secret = headers.get("authorization", "").partition(" ")
        secret = secret.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        key = self._keys.known(secret) if secret else None
        if key is None:
            said = "This key is not known, or was revoked." if secret else "A key is needed: Authorization: Bearer KEY."
            raise RefusedError(401, said)
        facts["key"] = key.id
        if not self._keys.allows(key):
            raise RefusedError(429, f"More than {key.per_minute:,} requests a minute with this key. Try again in a moment.")

    def _limited(self, path: str, headers: dict[str, str], receive: Receive) -> Receive:
        most = self._limits.batch if path == "/predict_batch" else self._limits.body
        said = f"The body may have {most / 2**20:,.0f} MB."
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            raise RefusedError(413, said)
        end = asyncio.get_running_loop().time() + self._limits.seconds
        seen, whole = 0, False

        async def receiving() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()  # only that the caller has gone can still come
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError as error:
                raise RefusedError(408, f"The body did not come within {self._limits.seconds:g} s.") from error
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                whole = not message.get("more_body", False)
            if seen > most:
                raise RefusedError(413, said)
            return message

        return receiving


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
