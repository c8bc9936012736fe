"""A store that speaks S3: four requests, signed as AWS Signature Version 4 says, over the standard library's HTTP.

A client library for S3 weighs more than the rest of this program together and brings an HTTP stack of its own; here four verbs
are needed. The signature is what "Authenticating Requests: Using the Authorization Header" (AWS, S3 API reference) describes;
its judge in the tests is botocore's own signer. Addresses are path-style (``host/bucket/name``): every store understands them.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from xml.etree import ElementTree

from neighbour.core import clock
from neighbour.core.storage import StorageTrouble, checked

SECONDS = 10  # a store that says nothing for so long is away
MOST_LISTED = 1 << 20  # bytes of one answer to a list: a thousand names are 300 KB
TRIES = 2  # a connection that was closed meanwhile, an answer of 5xx


@dataclass(frozen=True)
class Bucket:
    """One bucket. is_plain: without TLS."""

    host: str
    bucket: str
    key: str
    secret: str = field(repr=False)
    region: str
    is_plain: bool = False

    @classmethod
    def of(cls, url: str) -> Bucket:
        """From ``s3://key:secret@host:port/bucket?region=…``; raises ValueError."""
        parts = urlsplit(url)
        bucket = parts.path.strip("/")
        if parts.scheme not in ("s3", "s3+http") or not (
            parts.hostname and parts.username and parts.password and bucket
        ):
            raise ValueError("not the address of a bucket")
        if "/" in bucket:
            raise ValueError("a bucket has no folders in its name")
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        region = parse_qs(parts.query).get("region", ["us-east-1"])[0]
        return cls(host, bucket, unquote(parts.username), unquote(parts.password), region, parts.scheme == "s3+http")

    def put(self, name: str, data: bytes) -> None:
        self._ask("PUT", checked(name), data=data)

    def get(self, name: str) -> bytes | None:
        status, body = self._ask("GET", checked(name), may_lack=True)
        return body if status == 200 else None

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._ask("DELETE", checked(name), may_lack=True)

    def listed(self) -> Iterator[tuple[str, datetime]]:
        token = ""
        while True:
            query = {"list-type": "2", **({"continuation-token": token} if token else {})}
            _status, body = self._ask("GET", "", query)
            if len(body) > MOST_LISTED or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
                raise StorageTrouble("the store's list is none")
            found = ElementTree.fromstring(body)  # noqa: S314  nothing is declared in it, see the line above
            space = found.tag.partition("}")[0] + "}" if "}" in found.tag else ""
            for one in found.iter(f"{space}Contents"):
                yield one.findtext(f"{space}Key", ""), datetime.fromisoformat(one.findtext(f"{space}LastModified", ""))
            token = found.findtext(f"{space}NextContinuationToken", "")
            if not token:
                return

    def _ask(
        self, method: str, name: str, query: dict[str, str] | None = None, data: bytes = b"", *, may_lack: bool = False
    ) -> tuple[int, bytes]:
        """Status and body of an answer. Raises StorageTrouble for all that is no success."""
        path = quote(f"/{self.bucket}/{name}" if name else f"/{self.bucket}")
        asked = urlencode(sorted((query or {}).items()), quote_via=quote, safe="")
        for last in range(TRIES):
            try:
                status, body = self._once(method, path, asked, data)
            except (OSError, http.client.HTTPException) as error:
                reason = f"{self.host} does not answer: {error}"
            else:
                if 200 <= status < 300 or (may_lack and status == 404 and b"NoSuchBucket" not in body):
                    return status, body
                reason = f"{self.host} answers {status} to {method}"
                if status < 500:
                    break
            if last == TRIES - 1:
                break
        raise StorageTrouble(reason)

    def _once(self, method: str, path: str, query: str, data: bytes) -> tuple[int, bytes]:
        kind = http.client.HTTPConnection if self.is_plain else http.client.HTTPSConnection
        connection = kind(self.host, timeout=SECONDS)
        try:
            target = path + (f"?{query}" if query else "")
            connection.request(method, target, body=data or None, headers=self.signed(method, path, query, data))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def signed(self, method: str, path: str, query: str, data: bytes, at: datetime | None = None) -> dict[str, str]:
        """The headers of a request, signed at this moment (UTC; now unless told). path and query are encoded already."""
        moment = (at or clock.now()).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(data).hexdigest()
        headers = {"host": self.host, "x-amz-content-sha256": digest, "x-amz-date": moment}
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = "\n".join((method, path, query, lines, names, digest))
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        said = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret}".encode()
        for part in (moment[:8], self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, said.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers
