"""A browser without scripts: it keeps cookies, follows links, and sends the forms of pages as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from booking_sync_airflow.demo.processes import DemoError

_TIMEOUT_SECONDS = 60.0
_TEXT_INPUTS = frozenset({"hidden", "text", "email", "search", "number"})
_CHOSEN_INPUTS = frozenset({"radio", "checkbox"})


@dataclass(slots=True)
class Form:
    """A form with what is filled in already, and its buttons by what is written on them."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def is_about(self, text: str) -> bool:
        """Whether the form's address or a value in it holds this text."""
        return text in self.action or any(text in value for _, value in self.fields)


class Browser:
    """One person's browser."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def keep_cookie(self, name: str, value: str, url: str) -> None:
        """Keep a cookie for the host of an address; as in any browser, ports make no difference."""
        self._session.cookies.set(name, value, domain=urlsplit(url).hostname or "", path="/")

    def open(self, url: str) -> Page:
        """Go to an address."""
        return self._shown(self._session.get(url, timeout=_TIMEOUT_SECONDS))

    def send(self, form: Form, page_url: str, fields: list[tuple[str, str]]) -> Page:
        """Send a form from a page, with the headers by which browsers tell where it comes from."""
        url = urljoin(page_url, form.action)
        if form.method != "post":
            return self._shown(self._session.get(url, params=fields, timeout=_TIMEOUT_SECONDS))
        site = "same-origin" if _origin(url) == _origin(page_url) else "cross-site"
        headers = {"Origin": _origin(page_url), "Sec-Fetch-Site": site}
        return self._shown(self._session.post(url, data=fields, headers=headers, timeout=_TIMEOUT_SECONDS))

    def _shown(self, answer: requests.Response) -> Page:
        page = Page(self, answer.url, answer.status_code, answer.text)
        if not answer.ok:
            raise DemoError(f"{answer.request.method} {_without_query(answer.url)} answered {answer.status_code}.")
        return page


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows."""

    browser: Browser = field(repr=False)
    url: str
    status: int
    html: str = field(repr=False)

    def follow(self, text: str) -> Page:
        """Follow the link with this text."""
        read = _read(self.html)
        if text not in read.links:
            raise self._missing(f"link “{text}”")
        return self.browser.open(urljoin(self.url, read.links[text]))

    def press(self, text: str, *, about: str = "", **filled: str) -> Page:
        """Press the button with this text, of the form that is about something, after filling fields in."""
        form = next((one for one in _read(self.html).forms if text in one.buttons and one.is_about(about)), None)
        if form is None:
            raise self._missing(f"button “{text}”")
        given = [(name, value) for name, value in form.fields if name not in filled]
        name, value = form.buttons[text]
        return self.browser.send(form, self.url, [*given, *filled.items(), *([(name, value)] if name else [])])

    def _missing(self, what: str) -> DemoError:
        return DemoError(f"The page {_without_query(self.url)} has no {what}.")


class _Reader(HTMLParser):
    """Reads links and forms; everything else is for the eye."""

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._open: tuple[str, dict[str, str]] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag in {"a", "button"}:
            self._open, self._text = (tag, given), ""
        elif tag == "input" and self._form is not None:
            self._form.fields.extend(_filled_in(given))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if self._open is None or tag != self._open[0]:
            return
        given, text = self._open[1], " ".join(self._text.split())
        if tag == "a" and given.get("href"):
            self.links.setdefault(text, given["href"])
        elif tag == "button" and self._form is not None:
            self._form.buttons[text] = (given.get("name", ""), given.get("value", ""))
        self._open = None


def _filled_in(given: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What an input contributes when nobody touches it."""
    kind, name = given.get("type", "text"), given.get("name", "")
    if name and (kind in _TEXT_INPUTS or (kind in _CHOSEN_INPUTS and "checked" in given)):
        yield name, given.get("value", "on" if kind in _CHOSEN_INPUTS else "")


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _without_query(url: str) -> str:
    return url.partition("?")[0]
