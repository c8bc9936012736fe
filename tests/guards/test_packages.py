"""What is installed is what the locks say, byte for byte; and no key lies in the repository."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import distributions

import pytest

from tests.support import ROOT

#: of the environment itself, or this program
OURS = {"pip", "setuptools", "wheel", "uv", "neighbour"}
LOCKS = ("requirements.lock", "requirements-dev.lock")
#: binaries, and tables of words and places in which nobody can keep a key
PLAIN = re.compile(r"\.(py|md|toml|txt|json|html|css|js|mjs|po|lock|cfg|ini|yml|yaml|sh)$|(^|/)(Makefile|run|\.\w+)$")
WORDS = re.compile(r"demo/data/|data/passwords\.txt|package-lock\.json|\.lock$|static/build/")
#: examples of addresses with a password in them: file → how many lines
EXAMPLES = {
    "README.md": 2, "config.py": 3, "neighbour/core/mail.py": 1, "neighbour/core/roles.py": 1,
    "neighbour/core/storage.py": 1, "neighbour/core/storage_s3.py": 1, "tests/runtime/test_storage.py": 1,
    "tests/runtime/test_readiness.py": 9, "tests/guards/test_packages.py": 1,
}  # fmt: skip


def locked(name: str) -> dict[str, set[str]]:
    """Package → its versions in a lock: more than one where it depends on the version of Python."""
    found: dict[str, set[str]] = {}
    for one, version in re.findall(r"^([\w.-]+)==([\w.!+-]+)", (ROOT / name).read_text(encoding="utf-8"), re.M):
        found.setdefault(_name(one), set()).add(version)
    return found


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def test_every_locked_package_has_its_hash_and_the_two_locks_agree():
    for name in LOCKS:
        entries = re.split(r"^(?=[\w.-]+==)", (ROOT / name).read_text(encoding="utf-8"), flags=re.M)[1:]
        assert len(entries) > 40
        assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    product, all_of_it = (locked(name) for name in LOCKS)
    assert {name: version for name, version in product.items() if all_of_it.get(name) != version} == {}


def test_what_is_installed_is_what_is_locked():
    """The list of parts (SBOM) is the lock itself: nothing more and nothing else is installed."""
    wanted = locked("requirements-dev.lock")
    installed = {_name(each.metadata["Name"]): each.version for each in distributions() if each.metadata["Name"]}
    strays = {
        name: version for name, version in installed.items() if name not in OURS and version not in wanted.get(name, ())
    }
    assert strays == {}


def found(text: str | None = None) -> dict[str, int]:
    """Lines that look like a key, by file; ``text``: of that text only."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.core.scan import scan_file, scan_line
    from detect_secrets.settings import transient_settings

    # What goes by a word like "password", or by how random something looks, finds only words here.
    left_out = {"KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"}
    names = {each.__name__ for each in get_mapping_from_secret_type_to_class().values()} - left_out
    lines: dict[str, set[int]] = {}
    with transient_settings({"plugins_used": [{"name": name} for name in sorted(names)]}):
        if text is not None:
            return {"text": len(list(scan_line(text)))}
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in listed.splitlines():
            if PLAIN.search(name) and not WORDS.search(name) and (ROOT / name).is_file():
                for secret in scan_file(str(ROOT / name)):
                    lines.setdefault(name, set()).add(secret.line_number)
    return {name: len(each) for name, each in lines.items()}


@pytest.mark.thorough
def test_no_key_lies_in_the_repository():
    assert {name: count for name, count in found().items() if EXAMPLES.get(name) != count} == {}


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN RSA" + " PRIVATE KEY-----",
        "aws = 'AKIA" + "IOSFODNN7ABCDEFG'",
        "url = 'https://ana:" + "geheim123@db.example.org'",
        "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    ],
)
def test_a_key_would_be_found(key):
    assert found(key)["text"] >= 1
