"""Refuses what no text of ours can hold, and PostgreSQL does not take: NUL, in an address or in a form."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import HTTPException, Request, status

_NUL = "\0"


def refuse_odd_address(request: Request) -> None:
    """Let no address through with a NUL in it.

    Raises:
        HTTPException: 400.
    """
    refuse_nul([request.scope["path"], *request.query_params.values()])


def refuse_nul(texts: Iterable[object]) -> None:
    """Let nothing through with a NUL in it; what is no text is not looked at.

    Raises:
        HTTPException: 400.
    """
    if any(isinstance(text, str) and _NUL in text for text in texts):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "The address or the form holds a NUL, which no text can hold.")
