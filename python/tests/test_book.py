"""docs/ as a book of mdBook: it builds without a warning, and every link and picture of it is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

PROJECT = Path(__file__).parents[2]


class Page(HTMLParser):
    """The names that links may lead to, and where the links of a page lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.names.add(found.get("id") or "")
        self.links += [found[key] or "" for key in ("href", "src") if key in found]


def dead_links(book: Path) -> list[str]:
    """Links of a book that lead to no file of it, or to no heading of the page."""
    pages = {path.resolve(): Page(path) for path in book.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        # These two repeat the pages, and are at home elsewhere.
        if path.name in ("print.html", "404.html"):
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            heading = unquote(parts.fragment)
            if not target.exists() or (heading and target in pages and heading not in pages[target].names):
                dead.append(f"{path.name}: {link}")
    return dead


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    beside = Path(sys.executable).parent / "mdbook"
    program = str(beside) if beside.exists() else shutil.which("mdbook")
    if program is None:
        pytest.skip("no mdbook")
    output = tmp_path_factory.mktemp("book")
    command = [program, "build", PROJECT / "docs", "--dest-dir", output]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "WARN" not in said and "ERROR" not in said, said
    return output


def test_every_page_is_in_the_book(book: Path) -> None:
    sources = {path.stem for path in (PROJECT / "docs").glob("*.md")} - {"SUMMARY"}
    built = {path.stem for path in book.glob("*.html")} - {"index", "print", "404", "toc"}
    assert built == sources and len(sources) > 10


def test_links_and_pictures_are_there(book: Path) -> None:
    assert dead_links(book) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    links = ["b.html", "b.html#there", "#here", "b.html#nowhere", "c.html", "https://example.org/d", "e.png"]
    body = "".join(f'<a href="{link}">x</a>' for link in links)
    (tmp_path / "a.html").write_text(f'<h1 id="here"></h1>{body}', encoding="utf-8")
    (tmp_path / "b.html").write_text('<h2 id="there"></h2>', encoding="utf-8")
    assert dead_links(tmp_path) == ["a.html: b.html#nowhere", "a.html: c.html", "a.html: e.png"]
