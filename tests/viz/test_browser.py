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
from tinygrad_rnn import Value

from .helpers import loop as recurrence

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
    loop = Stack()
    tg.draw(loop(tg.randn(5, 1, 2))).save(path.with_name("stack.html"))
    return path, lstm


class Stack(tg.nn.Module):
    """A module that another one holds."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = tg.nn.LSTM(2, 3, num_layers=2)

    def forward(self, x):
        return self.lstm(x)[0].tanh()


@pytest.fixture
def tab(browser, network):
    """The page; at the end it must have said nothing to the console and asked nothing of any network."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(10_000)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.said = said
    page.goto(network[0].as_uri())
    yield page
    assert said == []
    assert {address.rpartition("/")[0] for address in asked} == {network[0].parent.as_uri()}, "the pages themselves"
    assert all([address.endswith(".html") for address in asked])
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
    tab.get_by_role("button", name="Close all").click()
    assert shown(tab, ".cell.closed") == 40
    assert shown(tab) < boxes - 40 * 12
    tab.locator(".cell.closed").first.dblclick()
    assert shown(tab, ".cell.closed") == 39
    tab.get_by_role("button", name="Close layer 0, t = 0").click()
    tab.get_by_role("button", name="Open the step", exact=True).click()
    assert shown(tab, ".cell.closed") == 38


def lstm(tab, layer: int, t: int | None = None):
    """The box of one layer, or of one of its steps."""
    end = f'[aria-label$="t = {t}"]' if t is not None else ""
    return tab.locator(f'.unit.box[aria-label^="LSTM"][aria-label*="layer {layer}"]{end}').first


def test_a_step_opens_in_place_and_closes(tab):
    boxes, before = shown(tab), lstm(tab, 0, 3).bounding_box()
    lstm(tab, 0, 3).locator("> .handle").click()
    assert shown(tab, ".room .room > .box") == 13
    assert "linear" in tab.locator("#details h2").inner_text()
    frame, neighbour = lstm(tab, 0, 3).bounding_box(), lstm(tab, 0, 4).bounding_box()
    assert frame["width"] > 3 * before["width"]
    assert neighbour["x"] > frame["x"] + frame["width"], "others give way"
    assert neighbour["width"] <= before["width"] + 1, "and keep their size"
    assert tab.locator("#level").input_value() == "step", "nothing else changes"
    lstm(tab, 0, 3).locator("> .handle").click(position={"x": 30, "y": 3})
    assert shown(tab) == boxes
    assert lstm(tab, 0, 3).bounding_box()["width"] == pytest.approx(before["width"], abs=2)


def test_a_module_opens_to_layers_these_to_steps_and_these_to_operations(tab, network):
    tab.goto(network[0].with_name("stack.html").as_uri())
    tab.select_option("#level", "module")
    inner = lambda: tab.evaluate("Math.max(...[...document.querySelectorAll('.room')].map(room => depth(room)))")
    tab.evaluate("window.depth = e => e ? 1 + depth(e.parentElement.closest('.room')) : 0")
    tab.locator('.unit.box[aria-label^="LSTM"]').first.dblclick()
    assert inner() == 2
    assert shown(tab, '.room .room > [aria-label^="LSTM"]') == 2
    lstm(tab, 0).dblclick()
    assert inner() == 3
    assert shown(tab, ".room .room .room > .step") == 5
    lstm(tab, 0, 3).dblclick()
    assert inner() == 4
    assert shown(tab, ".room .room .room .room > .box") == 13
    tab.locator(".room .room .room .room > .box.k-memory").first.hover()
    lit = tab.locator(".unit.up").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert [label for label in lit if label.startswith("x2")], "the input of an earlier step, outside of this one"
    assert not [label for label in lit if label.startswith("x4")]
    assert [label for label in lit if label.startswith("x,")], "the sequence outside of all frames"
    assert tab.locator('.unit.down[aria-label^="y"]').count() >= 1, "the output of the whole, outside of all frames"


def test_opening_and_closing_by_keyboard(tab):
    lstm(tab, 1, 2).focus()
    tab.keyboard.press("o")
    assert shown(tab, ".room .room > .box") == 13
    inside = "document.activeElement.parentElement.parentElement.getAttribute('aria-label')"
    assert tab.evaluate(inside).startswith("LSTM layer 1")
    assert lstm(tab, 1, 2).get_attribute("aria-expanded") == "true"
    tab.keyboard.press("c")
    assert tab.locator(".room .room").count() == 0
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')").endswith("t = 2")
    assert lstm(tab, 1, 2).get_attribute("aria-expanded") == "false"


def test_all_boxes_open_at_once(tab):
    tab.get_by_role("button", name="Open all").click()
    assert tab.locator(".room .room").count() >= 40
    assert shown(tab, ".room .room > .box") >= 40 * 13
    tab.get_by_role("button", name="Close all").click()
    assert tab.locator(".room .room").count() == 0


@pytest.mark.parametrize("at", ["step", "op", "some open"])
def test_the_whole_backward_pass_ends_at_the_gradients(tab, network, at):
    if at == "some open":
        level(tab, "layer")
        lstm(tab, 1).dblclick()
        lstm(tab, 1, 3).dblclick()
    else:
        level(tab, at)
    steps = int(tab.locator("#slider").get_attribute("max"))
    assert steps >= 20
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


NAMES_AS_DATA = ["</script><script>alert(1)</script>", "a\"b'c", "x\u2028y", "<b>w</b>", "n" * 10_000]


@pytest.mark.parametrize("name", NAMES_AS_DATA, ids=["script", "quotes", "line separator", "markup", "10,000 letters"])
def test_names_are_shown_as_they_are(tab, network, name):
    h, w, _ = recurrence(2)
    path = tg.draw(h, params={name: w}).save(network[0].with_name("names.html"))
    tab.goto(path.as_uri())
    tab.locator("#search").fill(name[:40])
    assert tab.locator("#found").inner_text() == "1 found"
    tab.keyboard.press("Enter")
    assert name[:30] in tab.locator("#details").inner_text()
    assert tab.locator("b, #details script").count() == 0


def test_the_policy_stops_what_is_not_of_the_page(tab):
    tried = """() => { try { const made = document.createElement("script"); made.text = "window.ran = 1";
        document.body.append(made) } catch (error) { } return window.ran ?? null }"""
    assert tab.evaluate(tried) is None
    assert [text for text in tab.said if "blocked" in text]
    tab.said.clear()


def test_values_show_the_gradient_of_each_step(tab, network):
    a, b = Value(2.0), Value(-3.0)
    y = (a * b + a).tanh() * a
    tab.goto(tg.draw(y, params={"a": a, "b": b}).save(network[0].with_name("values.html")).as_uri())
    grads = lambda: tab.locator(".unit.k-input .note:last-child").all_text_contents()
    assert grads() == ["grad 0.0000"] * 2
    tab.keyboard.press("]")
    assert "grad –" in grads()
    tab.locator("#last").click()
    y.backward()
    assert [float(text.split()[1]) for text in grads()] == pytest.approx([a.grad, b.grad], rel=1e-3)
    tab.locator("#first").click()
    assert grads() == ["grad 0.0000"] * 2


def test_nothing_moves_by_itself(tab):
    moving = "[...document.querySelectorAll('*')].filter(e => e.getAnimations().length).length"
    tab.keyboard.press("]")
    assert tab.evaluate(moving) == 0, "so there is nothing that prefers-reduced-motion could stop"


COLORS = """() => {
    const ink = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const pixel = (element) => {
        ink.fillStyle = getComputedStyle(element).fill;
        ink.fillRect(0, 0, 1, 1);
        return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const texts = [...document.querySelectorAll(".hot > text")];
    return texts.map((text) => [pixel(text), pixel(text.parentElement.firstChild)]);
}"""


def contrast(colors) -> np.ndarray:
    """That of pairs of colours, by the formula of the Web Content Accessibility Guidelines."""
    x = np.array(colors) / 255
    light = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722] + 0.05
    return light.max(axis=1) / light.min(axis=1)


def test_text_is_legible_on_every_colour_of_the_backward_pass(tab):
    level(tab, "op")
    tab.locator("#last").click()
    for _ in ("light", "dark"):
        colors = tab.evaluate(COLORS)
        assert len({tuple(box) for _, box in colors}) > 20
        assert contrast(colors).min() > 4.4
        tab.get_by_role("button", name="Light or dark").click()


def test_dark_mode(tab):
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.get_by_role("button", name="Light or dark").click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light


FRAME = '<iframe class="explorer" src="{}" style="width: {}px; height: 576px; border: 0; color-scheme: {}"></iframe>'
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.mark.parametrize("width", [740, 340])
def test_in_a_small_frame_most_of_the_room_is_the_picture_s(tab, network, width):
    tg.manual_seed(0)
    path = tg.draw(tg.nn.RNN(2, 3, num_layers=2)(tg.randn(3, 1, 2))[0]).save(network[0].with_name("small.html"))
    page = network[0].with_name("page.html")
    page.write_text(FRAME.format(path.name, width, "light"), encoding="utf-8")
    tab.goto(page.as_uri())
    frame = tab.frame_locator("iframe")
    inside = lambda: all(
        [_lies_in(step.bounding_box(), canvas.bounding_box()) for step in frame.locator(".step").all()]
    )
    canvas = frame.locator("#canvas")
    area = canvas.bounding_box()
    assert area["width"] * area["height"] > (0.5 if width > 400 else 0.4) * width * 576
    assert inside(), "nothing is cut off at first"
    frame.locator("#next").click()
    assert frame.locator("#now").is_visible()
    assert canvas.bounding_box()["height"] < area["height"]
    canvas.evaluate(TWO_FRAMES)
    if width > 400:
        assert inside(), "nor when the panel below comes, as long as nobody has moved the picture"
    frame.locator("#larger").click()
    look = canvas.locator("> g").get_attribute("transform")
    frame.locator("#first").click()
    canvas.evaluate(TWO_FRAMES)
    assert canvas.bounding_box()["height"] == area["height"]
    assert canvas.locator("> g").get_attribute("transform") == look, "what was moved stays where it is"


def _lies_in(a, b) -> bool:
    return all([b[x] <= a[x] and a[x] + a[side] <= b[x] + b[side] for x, side in (("x", "width"), ("y", "height"))])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_explorer_in_a_page_follows_the_page(browser, network, scheme):
    page = network[0].with_name("page.html")
    page.write_text(FRAME.format(network[0].name, 740, scheme), encoding="utf-8")
    context = browser.new_context(color_scheme="null")  # else that would go before what the frame says
    tab = context.new_page()
    tab.goto(page.as_uri())
    ground = tab.frame_locator("iframe").locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    context.close()
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 22, 28)"}[scheme]
