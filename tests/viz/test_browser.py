"""The explorer in a real browser: opened from a file, driven by mouse and keyboard, no error and no request.

Skipped where there is no Chromium, or no Playwright to drive it (`pip install -e .[test]`). The system's Chromium is
used; TINYGRAD_RNN_BROWSER names another one.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = os.environ.get("TINYGRAD_RNN_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright, which drives the browser, is missing")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on the PATH")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """(file of the explorer, module with gradients) of an LSTM with two layers over twenty steps."""
    tg.manual_seed(0)
    lstm = tg.nn.LSTM(2, 3, num_layers=2)
    with tg.autograd.record_source():
        y = lstm(tg.randn(20, 1, 2))[0]
    path = tg.draw(y).save(tmp_path_factory.mktemp("explorer") / "lstm.html")
    y.sum().backward()
    return path, lstm


@pytest.fixture
def tab(browser, network):
    """The page; at the end it must have said nothing to the console and asked nothing of any network."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(network[0].as_uri())
    yield page
    assert said == []
    assert asked == [network[0].as_uri()]
    context.close()


def level(tab, name: str, view: str = "unrolled") -> None:
    tab.select_option("#level", name)
    tab.select_option("#view", view)


def shown(tab, selector: str = ".unit.box") -> int:
    return tab.locator(f"{selector}:visible").count()


def test_levels_and_views(tab):
    assert tab.locator(".step").count() == 20
    level(tab, "op")
    assert tab.locator(".cell").count() == 40
    level(tab, "op", "rolled")
    assert tab.locator(".step").count() == 1
    level(tab, "layer")
    assert tab.locator(".step").count() == 0


def test_search_and_details(tab):
    level(tab, "op")
    tab.keyboard.press("/")
    tab.keyboard.type("tanh t=7")
    assert tab.locator("#found").inner_text() == "4 found"
    tab.keyboard.press("Enter")
    assert tab.locator("#found").inner_text() == "1 of 4"
    details = tab.locator("#details").inner_text()
    assert "tanh" in details
    assert "dy" in details, "the gradient rule"
    assert "1 × 3" in details
    assert re.search(r"test_browser.py:\d+\s+y = lstm\(tg.randn\(20, 1, 2\)\)\[0\]\n", details)
    assert tab.locator("#details .histogram").count() == 1
    tab.locator("#search").fill("nowhere at all")
    assert tab.locator("#found").inner_text() == "nothing found"


def test_hover_lights_up_ancestors_and_descendants(tab):
    tab.locator('.unit[aria-label*="layer 0"][aria-label$="t = 10"]').first.hover()
    assert tab.locator(".unit.up").count() > 20
    assert tab.locator(".unit.down").count() > 20
    assert tab.locator('.unit.down[aria-label^="x0"]').count() == 0


def test_cells_open_and_close_in_place(tab):
    level(tab, "op")
    boxes = shown(tab)
    tab.get_by_role("button", name="Close cells").click()
    assert shown(tab, ".cell.closed") == 40
    assert shown(tab) < boxes - 40 * 12
    tab.locator(".cell.closed").first.dblclick()
    assert shown(tab, ".cell.closed") == 39
    tab.get_by_role("button", name="Close the layer").click()
    tab.get_by_role("button", name="Open the step", exact=True).click()
    assert shown(tab, ".cell.closed") == 38


def test_looking_into_a_cell(tab):
    tab.locator('.unit[aria-label*="LSTM"][aria-label$="t = 3"]').first.click()
    tab.get_by_role("button", name="Look inside").click()
    assert tab.locator("#level").input_value() == "op"
    assert shown(tab, ".cell.closed") == 39
    assert tab.locator("#details h2").inner_text().endswith("t = 3")


@pytest.mark.parametrize("at", ["step", "op"])
def test_the_whole_backward_pass_ends_at_the_gradients(tab, network, at):
    level(tab, at)
    steps = int(tab.locator("#slider").get_attribute("max"))
    assert steps >= 40
    last = ""
    for _ in range(steps):
        tab.keyboard.press("]")
        said = tab.locator("#sentence").inner_text()
        assert said != last
        assert "NaN" not in said
        last = said
    assert tab.locator("#count").inner_text() == f"{steps} of {steps}"
    assert tab.locator("#next").is_disabled()
    level(tab, "op")
    for name, parameter in network[1].named_parameters():
        tab.locator(f'.unit.k-parameter[aria-label^="{name},"]').dispatch_event("click")
        text = tab.locator("#gradient").inner_text()
        grad = parameter.grad.array
        assert float(re.search(r"norm (\S+)", text).group(1)) == pytest.approx(np.linalg.norm(grad), rel=2e-3)
        if grad.size <= 16:
            numbers = [float(x) for x in re.search(r"\[(.*)\]", text).group(1).split(",")]
            np.testing.assert_allclose(numbers, grad.ravel(), rtol=2e-3, atol=1e-6)


def test_the_backward_pass_goes_back_as_well(tab):
    tab.locator("#slider").focus()
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    there = tab.locator("#sentence").inner_text()
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#sentence").inner_text() != there
    tab.keyboard.press("ArrowLeft")
    assert tab.locator("#sentence").inner_text() == there
    assert tab.locator(".unit.now").count() == 1
    tab.get_by_role("button", name="To the start").click()
    assert tab.locator(".unit.hot").count() == 0


def test_by_keyboard_alone(tab):
    tab.locator("#canvas [tabindex='0']").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    focused = tab.evaluate("document.activeElement.getAttribute('aria-label')")
    assert tab.locator(".unit.selected").get_attribute("aria-label") == focused
    assert tab.locator("#canvas [tabindex='0']").count() == 1, "one stop of the Tab key"
    tab.keyboard.press("Escape")
    assert tab.locator(".unit.selected").count() == 0


def test_everything_has_a_name(tab):
    for element in tab.locator("button:visible, select, input, [role=button]:visible").all()[:80]:
        assert tab.evaluate("e => e.ariaLabel || e.textContent || e.labels?.length", element.element_handle())
    assert tab.locator("#sentence").get_attribute("aria-live") == "polite"


def test_dark_mode(tab):
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.get_by_role("button", name="Light or dark").click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light
