"""The composer's hidden fields."""

from __future__ import annotations

import re


def stood(html: str) -> str:
    """What the form says stood there when it was opened."""
    (found,) = re.findall(r'name="stood" value="([^"]*)"', html)
    return str(found)
