"""Where files lie: the local disk and a store that speaks S3 keep the same promises."""

from __future__ import annotations

import logging
import stat
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import Config
from neighbour.core import storage
from neighbour.core.storage import StorageTrouble
from neighbour.core.storage_s3 import Bucket

KEY, SECRET = "nachbar", "nur fuer Tests/+="
NAMES = [f"{number:032x}-480.webp" for number in range(3)]
TRAVERSALS = [
    "../x", "..", ".", "", "/etc/passwd", "a/../../b", "a/b", "a\\b", "..%2fx", "%2e%2e", "x\0.webp", "x\n", "~root", "A.webp",
    "-x", ".x", "a..b", "x y", "ä.webp", "x" * 101, "con:", "a|b", "$(x)", "`x`", "a;b", "a?b", "a#b", "a&b", "a*b", "file://x",
]  # fmt: skip


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of a local store with an empty bucket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from moto.server import ThreadedMotoServer
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _host, port = server.get_host_and_port()
    url = f"s3+http://{KEY}:nur%20fuer%20Tests%2F%2B%3D@127.0.0.1:{port}/fotos?region=eu-central-1"
    place = "<LocationConstraint>eu-central-1</LocationConstraint>"
    Bucket.of(url)._ask("PUT", "", data=f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>".encode())
    yield url
    server.stop()


@pytest.fixture(params=["disk", "s3"])
def store(request, tmp_path) -> Iterator[storage.Storage]:
    if request.param == "disk":
        yield storage.of(_config(tmp_path))
        return
    url = request.getfixturevalue("s3")
    bucket = storage.of(_config(tmp_path, url))
    assert isinstance(bucket, Bucket)
    yield bucket
    bucket.remove([name for name, _written in bucket.listed()])


def _config(folder: Path, url: str = "") -> Config:
    return Config.from_env({"INSTANCE_DIR": str(folder), "STORAGE_URL": url})


@pytest.mark.filterwarnings("ignore")
def test_a_file_is_there_whole_is_replaced_whole_and_is_gone(store):
    assert store.get(NAMES[0]) is None and list(store.listed()) == []
    store.remove(NAMES)  # what is not there does no harm
    began = datetime.now(UTC) - timedelta(seconds=2)
    for name in NAMES:
        store.put(name, name.encode() * 1_000)
    store.put(NAMES[1], b"\0\xff")
    assert [store.get(name) for name in NAMES] == [NAMES[0].encode() * 1_000, b"\0\xff", NAMES[2].encode() * 1_000]
    listed = dict(store.listed())
    assert set(listed) == set(NAMES)
    assert all(began <= written <= datetime.now(UTC) + timedelta(seconds=2) for written in listed.values())
    store.remove(NAMES[:2])
    assert [name for name, _written in store.listed()] == NAMES[2:]


@pytest.mark.filterwarnings("ignore")
def test_no_name_leads_anywhere_else(store, tmp_path):
    assert len(TRAVERSALS) >= 30
    for name in TRAVERSALS:
        for act in (lambda: store.put(name, b"x"), lambda: store.get(name), lambda: store.remove([name])):  # noqa: B023
            with pytest.raises(ValueError, match="no name"):
                act()
    assert list(store.listed()) == [] and list(tmp_path.rglob("*")) == []


def test_on_the_disk_only_the_service_reads_and_a_write_that_breaks_leaves_nothing(tmp_path, monkeypatch):
    disk = storage.Disk(tmp_path / "photos")
    disk.put(NAMES[0], b"whole")
    (path,) = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent)} == {0o700}
    monkeypatch.setattr(storage.os, "fsync", lambda _file: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        disk.put(NAMES[0], b"half")
    assert disk.get(NAMES[0]) == b"whole" and len(list(path.parent.iterdir())) == 1


@pytest.mark.filterwarnings("ignore")
def test_a_long_list_is_read_to_its_end(s3, monkeypatch):
    bucket = Bucket.of(s3)
    once, asked = Bucket._once, []

    def two_at_a_time(self, method, path, query, data):
        asked.append(query)
        return once(self, method, path, "&".join(sorted([*query.split("&"), "max-keys=2"])), data)

    for number in range(5):
        bucket.put(f"{number:032x}-480.webp", b"x")
    monkeypatch.setattr(Bucket, "_once", two_at_a_time)
    assert len(list(bucket.listed())) == 5 and len(asked) == 3
    monkeypatch.undo()
    bucket.remove([name for name, _written in bucket.listed()])


@pytest.mark.filterwarnings("ignore")
def test_requests_are_signed_as_botocore_signs_them():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

    moment = datetime(2026, 5, 12, 8, 30, 5, tzinfo=UTC)
    bucket = Bucket.of("s3://nachbar:nur%20fuer%20Tests%2F%2B%3D@s3.example:9000/fotos?region=eu-central-1")
    for method, path, query, data in (
        ("GET", f"/fotos/{NAMES[0]}", "", b""),
        ("PUT", f"/fotos/{NAMES[1]}", "", b"\0\xff" * 100),
        ("DELETE", f"/fotos/{NAMES[2]}", "", b""),
        ("GET", "/fotos", "continuation-token=1%2Fx%3D%3D&list-type=2", b""),
    ):
        ours = bucket.signed(method, path, query, data, moment)
        theirs = AWSRequest(method, f"https://s3.example:9000{path}" + (f"?{query}" if query else ""), data=data)
        theirs.headers["x-amz-content-sha256"], theirs.headers["Host"] = ours["x-amz-content-sha256"], "s3.example:9000"
        theirs.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
        theirs.headers["X-Amz-Date"] = theirs.context["timestamp"]
        signer = S3SigV4Auth(Credentials(KEY, SECRET), "s3", "eu-central-1")
        scope_of = signer.string_to_sign(theirs, signer.canonical_request(theirs))
        assert ours["Authorization"].rpartition("Signature=")[2] == signer.signature(scope_of, theirs), (method, path)


def test_a_store_that_is_away_or_refuses_is_said_so_and_tells_no_secret(tmp_path):
    bucket = Bucket.of("s3+http://nachbar:geheimnis@127.0.0.1:9/fotos")
    with pytest.raises(StorageTrouble) as trouble:
        bucket.get(NAMES[0])
    assert "127.0.0.1:9" in str(trouble.value) and "geheimnis" not in str(trouble.value) + repr(bucket)
    for url in ("s3://host/fotos", "s3://a:b@host", "https://a:b@host/fotos", "s3://a:b@host/fotos/2026", "x"):
        with pytest.raises(ValueError, match="bucket"):
            Bucket.of(url)
    for url, wrong in (
        ("s3://host/fotos", ["STORAGE_URL"]),
        ("s3://a:b@host/fotos/2026", ["STORAGE_URL"]),
        ("s3://a:b@host/fotos", []),
        ("", []),
    ):
        assert [each.setting for each in _config(tmp_path, url).problems()] == wrong
