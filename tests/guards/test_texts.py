"""Both languages are complete: what the code says in English, the catalogues say in German."""

from __future__ import annotations

import re

import pytest

from tests.support import strings


@pytest.mark.parametrize("room", strings.rooms(), ids=lambda room: room.name)
def test_every_text_of_the_room_has_its_german(room):
    assert strings.missing(room) == []


def test_no_text_stands_where_the_catalogues_are_not_filled_from():
    """What is asked for inside an f-string is not found by whoever collects the texts, and stays English."""
    files = [path for path in strings.ROOT.rglob("*.py") if "node_modules" not in path.parts]
    assert len(files) > 100
    assert [place for path in files for place in strings.hidden(path)] == []


@pytest.mark.parametrize("room", strings.rooms(), ids=lambda room: room.name)
def test_placeholders_are_the_same_in_both_languages(room):
    def names(text):
        return set(re.findall(r"%\((\w+)\)", text))

    for message in strings.catalogue(room):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, tuple | list) else (message.id,)
        german = message.string if isinstance(message.string, tuple | list) else (message.string,)
        allowed = set().union(*map(names, english)) | {"num", "n"}
        assert all(names(text) <= allowed for text in german), message.id


def test_all_rooms_say_the_same_german_for_the_same_text():
    """All catalogues are read into one table (core.i18n): of two translations one would win everywhere."""
    said: dict[object, dict[str, list[str]]] = {}
    for room in strings.rooms():
        for message in strings.catalogue(room):
            if message.id:
                said.setdefault(message.id, {}).setdefault(str(message.string), []).append(room.name)
    assert {text: germans for text, germans in said.items() if len(germans) > 1} == {}


@pytest.mark.parametrize("room", strings.rooms(), ids=lambda room: room.name)
def test_no_german_is_kept_for_a_text_the_room_no_longer_has(room):
    used = {message[0] if isinstance(message, tuple) else message for message, _context in strings.messages(room)}
    ids = [message.id for message in strings.catalogue(room) if message.id]
    assert [text for text in ids if (text[0] if isinstance(text, tuple | list) else text) not in used] == []


def test_german_says_du():
    formal = re.compile(r"(?<![.!?:] )\b(Sie|Ihnen|Ihre?[mnrs]?)\b")
    for room in strings.rooms():
        for message in strings.catalogue(room):
            texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
            for text in texts:
                found = [word for word in formal.findall(text) if not text.startswith(word)]
                assert not found or "#: formal" in str(message.auto_comments), f"{room.name}: {text}"
