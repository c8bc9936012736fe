"""Passwords made of what everybody knows: months, names, animals, streets; and that good ones are let be."""

from __future__ import annotations

import random

import pytest

from neighbour.accounts import guessed, passwords

TAKEN = [
    "Frühling2026",
    "Januar2026",
    "Montag12!",
    "Schatzi123",
    "Mausi1985",
    "meinpasswort",
    "Berlin2024",
    "Kartoffel1",
    "hundkatze",
    "einhorn123",
    "ilovesarah",
    "Lena+Paul",
    "Bratwurst1",
    "Passwort-Passwort",
    "Passwort_Passwort",
    "SOMMER-2026",
    "Fussball!99",
    "HundKatze1",
    "maerz2026",
]
GOOD = """drei bunte Regenschirme;zehn frische Brötchen;Hund und drei Katzen am Fluss;kirsch-umweg-blatt-71;Teppich klaut Mondstaub;
neun alte Fahrräder;linsensuppe-um-sechs;xq7love!tR2w;Berlin riecht nach Kreide und Regen;Oma fährt im Hühnerstall Motorrad""".replace(
    "\n", ""
).split(";")
SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ru",
    "te",
    "fa",
    "ni",
    "so",
    "pe",
    "du",
    "gra",
    "blo",
    "stri",
    "zwu",
    "pla",
    "kne",
    "dro",
    "mur",
    "ziel",
    "fing",
    "tust",
    "welk",
    "runz",
    "gnom",
    "quar",
]


@pytest.mark.parametrize("password", TAKEN)
def test_what_everybody_knows_is_refused(password):
    assert guessed.is_guessed(password)


@pytest.mark.parametrize("password", GOOD)
def test_several_words_that_do_not_belong_together_are_let_be(password):
    assert not guessed.is_guessed(password)


def test_hardly_any_good_one_is_refused():
    """500 as people and programs make them: symbols drawn, syllables strung together, four words of the list."""
    dice, letters = random.Random(12), "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!-_"
    words = sorted(word for word in guessed.plain_words() if 5 <= len(word) <= 9)
    drawn = ["".join(dice.choices(letters, k=12)) for _ in range(200)]
    drawn += ["".join(dice.choices(SYLLABLES, k=5)) + str(dice.randrange(10, 99)) for _ in range(150)]
    drawn += ["-".join(dice.sample(words, 4)) for _ in range(150)]
    refused = [each for each in drawn if guessed.is_guessed(each)]
    assert len(drawn) == 500 and len(refused) <= 2, refused


def test_the_longest_is_judged_in_no_time():
    assert not guessed.is_guessed("".join(random.Random(3).choices("abcdefgh ", k=passwords.LONGEST)))
