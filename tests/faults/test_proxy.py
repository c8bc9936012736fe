"""The proxy an operator is given, as nginx reads it: nothing old, nothing weak, nothing known to be broken (ASVS 5.0, V12.1 to V12.3)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.up import free_port, reachable_folder

NGINX, TESTSSL = shutil.which("nginx") or "/usr/sbin/nginx", shutil.which("testssl") or shutil.which("testssl.sh")
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not (Path(NGINX).exists() and TESTSSL),
        reason="nginx or testssl.sh is not installed (Debian: apt install nginx testssl.sh)",
    ),
]
OURS = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
#: what is said of the certificate, which is our own here, and of the name's entries in the DNS
OF_THE_CERTIFICATE = re.compile(r"cert_|DNS_CAA|overall|final_score|grade")

UNSEEN = "connect problem"  # what testssl.sh says where it could not look: it looks again


def findings(folder: Path, server: str) -> list[str]:
    """What testssl.sh finds to mend in nginx with this ``server`` block."""
    port, key, certificate = free_port(), folder / "key.pem", folder / "certificate.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "90",
        "-subj",
        "/CN=localhost",
    ]
    make += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(make, check=True, capture_output=True)
    server = re.sub(r"listen 443", f"listen 127.0.0.1:{port}", server)
    server = re.sub(r"/etc/\S+fullchain.pem", str(certificate), re.sub(r"/etc/\S+privkey.pem", str(key), server))
    said = folder / "nginx.conf"
    said.write_text(
        f"pid {folder}/pid; error_log {folder}/errors; events {{}} http {{ access_log off; {server} }}",
        encoding="utf-8",
    )
    subprocess.run([NGINX, "-c", str(said)], check=True, capture_output=True)
    try:
        out = folder / "found.json"
        look = [
            "--quiet",
            "--color",
            "0",
            "--warnings",
            "off",
            "--jsonfile",
            str(out),
            "-p",
            "-s",
            "-f",
            "-S",
            "-P",
            "-U",
        ]
        for _again in range(4):
            out.unlink(missing_ok=True)
            subprocess.run([str(TESTSSL), *look, f"localhost:{port}"], check=False, capture_output=True, timeout=300)
            found = json.loads(out.read_text(encoding="utf-8"))
            if not any(UNSEEN in each["finding"] for each in found):
                break
    finally:
        subprocess.run([NGINX, "-c", str(said), "-s", "stop"], check=False, capture_output=True)
    assert len(found) > 50, "it looked"
    return [
        f"{each['severity']} {each['id']}: {each['finding']}"
        for each in found
        if each["severity"] not in ("OK", "INFO") and not OF_THE_CERTIFICATE.match(each["id"])
    ]


def test_nothing_is_found_in_the_proxy_operators_are_given():
    with reachable_folder() as folder:
        assert findings(folder, OURS) == []


def test_a_weak_proxy_is_found():
    with reachable_folder() as folder:
        weak = OURS.replace("TLSv1.2 TLSv1.3", "TLSv1.1 TLSv1.2").replace(
            "ECDHE+AESGCM:ECDHE+CHACHA20", "ALL:@SECLEVEL=0"
        )
        assert any("TLS1_1" in line for line in findings(folder, weak))
