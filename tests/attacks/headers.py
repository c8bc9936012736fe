"""What every answer carries, whatever it answers."""

from __future__ import annotations

from collections.abc import Iterator

from werkzeug.test import TestResponse

YEAR = 31_536_000
#: all that may stand on an answer; a new name needs a reason here
KNOWN = {
    "Upload-Length", "Upload-Offset",  # of photos that come in pieces
    "Accept-Ranges", "Allow", "Cache-Control", "Clear-Site-Data", "Content-Disposition", "Content-Language",
    "Content-Length", "Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy", "Date", "ETag", "Last-Modified", "Location", "Permissions-Policy", "Referrer-Policy",
    "Retry-After", "Set-Cookie", "Strict-Transport-Security", "Vary", "X-Content-Type-Options", "X-Robots-Tag",
}  # fmt: skip


def faults(answer: TestResponse) -> Iterator[str]:
    """What is wrong with the headers of one answer."""
    headers = answer.headers
    yield from (f"unknown header {name}" for name in sorted(set(dict(headers)) - KNOWN))
    policy = {
        part.split()[0]: part.split()[1:]
        for part in headers.get("Content-Security-Policy", "").split(";")
        if part.split()
    }
    fallback = policy.get("default-src", ["missing"])
    if fallback != ["'none'"] or policy.get("script-src", fallback) not in (["'none'"], ["'self'"]):
        yield f"CSP: default-src {fallback}, script-src {policy.get('script-src')}"
    if policy.get("object-src", fallback) != ["'none'"]:
        yield f"CSP: object-src {policy.get('object-src')}"
    if policy.get("base-uri") != ["'none'"] and "sandbox" not in policy:
        yield f"CSP: base-uri {policy.get('base-uri')}"
    if policy.get("frame-ancestors") not in (["'none'"], ["'self'"] if "sandbox" in policy else None):
        yield f"CSP: frame-ancestors {policy.get('frame-ancestors')}"
    unsafe = [name for name, values in policy.items() if any("unsafe" in value for value in values)]
    if unsafe and not (unsafe == ["style-src"] and "sandbox" in policy and "script-src" not in policy):
        yield f"CSP: unsafe in {unsafe}"
    transport = headers.get("Strict-Transport-Security", "max-age=0")
    if int(transport.split(";")[0].partition("=")[2]) < YEAR or "includeSubDomains" not in transport:
        yield f"Strict-Transport-Security: {transport}"
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "no nosniff"
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        yield f"Referrer-Policy: {headers.get('Referrer-Policy')}"
    kind = headers.get("Content-Type", "")
    if kind.startswith("text/") and "charset=utf-8" not in kind.lower().replace('"', ""):
        yield f"Content-Type: {kind}"
    for cookie in headers.getlist("Set-Cookie"):
        parts = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
        if (
            not cookie.startswith("__Host-")
            or not {"secure", "httponly", "path", "samesite"} <= parts
            or "domain" in parts
        ):
            yield f"Set-Cookie: {cookie.split('=')[0]} {sorted(parts)}"
        if "samesite=lax" not in cookie.lower() or "path=/;" not in cookie.lower() + ";":
            yield f"Set-Cookie: {cookie.partition(';')[2]}"
