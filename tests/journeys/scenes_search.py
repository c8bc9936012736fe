"""What people see of the search: the box, what was found, nothing found, and what they look for again and again."""

from __future__ import annotations

from tests.journeys.looking import Walk


def search(walk: Walk) -> None:
    """Hannelore looks for a bicycle, for somebody, for what is not there, and keeps a search."""
    walk.go("/search", "the search", picture="search")
    walk.send("/search", "the search, empty", 422, words="")
    walk.visitor.go("/search")
    walk.send("/search", "what was found", picture="search-found", words="Fahrräder")
    walk.visitor.go("/search")
    walk.send("/search", "found by an answer", picture="search-answer", words="Tragegurte")
    walk.visitor.go("/search")
    walk.send("/search", "streets and neighbours", picture="search-beside", words="Kettfadenstraße")
    walk.visitor.go("/search")
    walk.send("/search", "a typing error", picture="search-typo", words="Wellensitich")
    walk.visitor.go("/search")
    walk.send(
        "/search", "nothing found", picture="search-nothing", words="Donaudampfschifffahrtsgesellschaftskapitänsmütze"
    )
    page = walk.page.url
    walk.go("/search/saved", "no saved searches")
    walk.visitor.go(page)
    walk.send("/search/save", "a saved search", picture="search-saved")
    walk.go("/search?page=2", "no further results")
