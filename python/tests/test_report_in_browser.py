"""The report in a browser: wide and narrow, light and dark, under the pointer and under a finger, without a network."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import adlayer
import pytest
from browser import Browser, find

PROJECT = Path(__file__).parents[2]
PROGRAM = find()
WIDE, NARROW = 1280, 390

if PROGRAM is None and os.environ.get("ADLAYER_REQUIRE_BROWSER") != "1":
    pytest.skip("no Chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("browser") / "surface"
    adlayer.sample(PROJECT / "scenes" / "lj_surface.ron", output, device="cpu", cycles=60)
    return output / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert PROGRAM is not None, "ADLAYER_REQUIRE_BROWSER=1 and no Chromium"
    with Browser(PROGRAM) as browser:
        yield browser


def contrast(browser: Browser, selector: str) -> float:
    """Contrast of a text with the page, by WCAG."""

    def luminance(colour: str) -> float:
        def linear(c: float) -> float:
            return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

        r, g, b = (linear(float(c) / 255) for c in re.findall(r"[\d.]+", colour)[:3])
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    ink = browser.value(f"getComputedStyle(document.querySelector({selector!r})).color")
    paper = browser.value("getComputedStyle(document.body).backgroundColor")
    light, dark = sorted([luminance(ink), luminance(paper)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def middle_of_map(browser: Browser, name: str) -> tuple[float, float]:
    """A point of a map, low and to the left, where it is known, scrolled into view."""
    x, y = browser.value(
        f"""(() => {{
          const figure = JSON.parse(document.getElementById("map-data").textContent).figures.find((f) => f.name === {name!r});
          const svg = document.getElementById({name!r}).querySelector("svg");
          svg.scrollIntoView({{ block: "center" }});
          const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
          const [left, top, right, bottom] = figure.area;
          return [box.left + (left + 0.3 * (right - left)) * scale, box.top + (top + 0.6 * (bottom - top)) * scale];
        }})()"""
    )
    return x, y


def tip(browser: Browser) -> str:
    """What the box beside the pointer says; nothing if it is hidden."""
    return str(browser.value("(() => { const t = document.querySelector('.tip'); return t.hidden ? '' : t.innerText; })()"))


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("dark", [False, True])
def test_the_report(browser: Browser, report: Path, width: int, dark: bool) -> None:
    browser.requests.clear()
    browser.messages.clear()
    browser.open(report, width, dark=dark)
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width, "the page scrolls to the side"
    pictures = browser.value("[...document.querySelectorAll('.picture svg')].map((s) => s.getBoundingClientRect().width)")
    assert len(pictures) > 20 and all(150 < w < width for w in pictures)
    # tables are as wide as they are, in a box of their own
    assert browser.value("[...document.querySelectorAll('table')].every((t) => t.closest('.scroll'))")
    for text in ["body", "figcaption", ".lead", "a", ".verdict li"]:
        assert contrast(browser, text) >= 4.5, text
    paper = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) < 150) == dark, paper

    for name in ["phase_diagram_B", "mean_n_B"]:
        x, y = middle_of_map(browser, name)
        (browser.tap if width == NARROW else browser.hover)(x, y)
        assert browser.until(lambda: tip(browser) != ""), f"nothing is shown over {name}"
        said = tip(browser)
        assert all(word in said for word in ["T", "μ' of B", "fugacity of B", "⟨N⟩ of B", "±", "phase"]), said
        left, right = browser.value("(() => { const b = document.querySelector('.tip').getBoundingClientRect(); return [b.left, b.right]; })()")
        assert 0 <= left < right <= width
        if width == NARROW:
            browser.tap(5, 5)
        else:
            browser.hover(2, 2)
        assert browser.until(lambda: tip(browser) == ""), "it stays when the pointer is elsewhere"

    if shots := os.environ.get("ADLAYER_SCREENSHOTS"):
        import base64

        picture = browser.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        scheme = "dark" if dark else "light"
        Path(shots, f"report_{width}_{scheme}.png").write_bytes(base64.b64decode(picture))
    assert browser.messages == []
    assert browser.requests == [report.resolve().as_uri()], "it loads itself and nothing else"


def test_what_a_page_loads_and_says_is_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "poor.html"
    page.write_text("<img src='other.png'><script>console.log('said'); missing();</script>", encoding="utf-8")
    browser.requests.clear()
    browser.messages.clear()
    browser.open(page, WIDE, dark=False)
    assert len(browser.requests) == 2 and len(browser.messages) >= 2
