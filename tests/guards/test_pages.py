"""The test client looks at every page it fetches (tests/support/pages.py); here it is shown what it has to see."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.client import Client
from tests.support.pages import faults

GOOD = '<!doctype html><html lang="de"><head><title>x</title></head><body><main><h1>x</h1>{}</main></body></html>'
BAD = {
    "<p>x": "closes",
    "<ul><li>x</ul>": "closes",
    "<p><div>x</div></p>": "a block inside",
    "<h1>y</h1>": "<h1>: 2",
    '<p id="a">x</p><p id="a">y</p>': "twice",
    '<input name="a">': "no label",
    '<select name="a"><option>x</option></select>': "no label",
    '<label for="b">x</label><input id="a" aria-label="x">': "names nothing",
    '<p aria-describedby="nowhere">x</p>': "names nothing",
    '<img src="x.png">': "no alt",
    "<form><form></form></form>": "a form inside",
    '<a href="#"><button>x</button></a>': "inside a link",
    '<p class="a" class="b">x</p>': "an attribute twice",
}


@pytest.mark.parametrize("body", BAD)
def test_every_kind_of_fault_is_seen(body):
    found = faults(GOOD.replace("{}", body))
    assert any(BAD[body] in fault for fault in found), found


def test_what_is_never_closed_is_seen():
    assert [fault for fault in faults(GOOD.replace("</body></html>", "")) if "never closed: <body>" in fault]


def test_a_good_page_and_a_piece_of_one_have_none():
    assert faults(GOOD.replace("{}", '<label>x <input name="a"></label><p>x<br>y</p><svg><path d=""/></svg>')) == []
    assert faults("<p>piece") == []


def test_a_page_that_is_not_well_formed_fails_the_test_that_fetches_it():
    app = Flask("bad")
    app.test_client_class = Client
    app.route("/")(lambda: GOOD.replace("{}", "<p>x"))
    with pytest.raises(AssertionError, match="closes"):
        app.test_client().get("/")
