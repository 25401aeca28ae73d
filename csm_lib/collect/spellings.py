"""Spellings: a password may come back in a driver's words as it is, or as a URL, JSON or Python would write it."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

__all__ = ["without_secret"]


def without_secret(text: str, secret: object) -> str:
    """Take the password out of what a driver says, as it stands and as URLs, JSON and Python spell it.

    Parameters
    ----------
    text : str
    secret : object
        The password; nothing is taken out where there is none.

    Examples
    --------
    >>> without_secret("no answer to desk:a%2Fb or a/b", "a/b")
    'no answer to desk:*** or ***'
    """
    if not secret:
        return text
    plain = str(secret)
    quoted = {quote(plain, safe=""), quote(plain), quote_plus(plain)}
    small = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), each) for each in quoted}
    spellings = {plain, *quoted, *small, repr(plain)[1:-1], json.dumps(plain)[1:-1]}
    # the longest first: a short spelling may be a part of a longer one
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text
