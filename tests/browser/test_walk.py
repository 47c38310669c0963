"""A person's walk in a real browser: log in with GitHub, connect Jira, buy Pro, see the plan change.

Daybook, a small client beside it and the sandbox answer over real HTTP; nothing else is reached.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from werkzeug.wrappers import Response

from models.db import session
from models.users import User
from sandbox.app import Address
from sandbox.server import Server
from tests.cast import transaction
from tests.conftest import PUBLIC_URL
from wsgi import application

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CLIENT = Path(__file__).parent / "client.html"
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (apt-get install chromium)")


def with_client(environ: Any, start_response: Any) -> Any:
    """Daybook, with the client at /app of the same address."""
    if environ["PATH_INFO"] == "/app":
        return Response(CLIENT.read_text(), mimetype="text/html")(environ, start_response)
    return application(environ, start_response)


@pytest.fixture
def daybook(sandbox: Address, unlimited: None) -> Iterator[str]:
    """Where Daybook really listens; the sandbox's Stripe sends its events there."""
    server = Server()
    server.app = with_client
    Thread(target=server.serve, daemon=True).start()
    stripe = sandbox.app.extensions["sandbox"].stands["stripe"]
    before, stripe.sender.base = stripe.sender.base, server.url
    stripe.reset()
    yield server.url
    stripe.sender.base = before
    server.stop()


@pytest.fixture
def page(daybook: str) -> Iterator[Any]:
    """A tab of a browser for which Daybook's public address leads to this machine."""
    place = urlsplit(daybook).netloc
    rules = f"MAP {urlsplit(PUBLIC_URL).hostname} {place}"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", f"--host-resolver-rules={rules}"]
        )
        tab = browser.new_page()
        tab.set_default_timeout(30_000)
        tab.asked = set()
        tab.on("request", lambda request: tab.asked.add(urlsplit(request.url).hostname))
        yield tab
        browser.close()


@pytest.fixture(autouse=True)
def _jun_is_new() -> None:
    with transaction():
        for user in session.scalars(select(User).where(User.email_key.like("jun.sato%"))):
            session.delete(user)


def test_a_person_logs_in_connects_buys_and_sees_the_plan_change(page: Any) -> None:
    page.goto(f"{PUBLIC_URL}/app")
    page.click("#login")
    page.check('input[name="account"][value="jun"]')
    page.click("text=Authorize")
    page.wait_for_function("document.getElementById('plan').textContent === 'free'")
    assert page.text_content("#who") == "佐藤 純"
    assert (page.text_content("#connected"), page.text_content("#inbox")) == ("nothing", "0")
    assert page.url == f"{PUBLIC_URL}/app"  # code and state are gone from the address

    page.click("#jira")
    page.check('input[name="account"][value="jun"]')
    page.click("text=Authorize")
    page.wait_for_selector("text=Jira is connected")
    assert "jun.sato@example.com" in page.text_content("main")

    page.goto(f"{PUBLIC_URL}/app")
    page.wait_for_function("document.getElementById('connected').textContent === 'jira'")
    assert page.text_content("#plan") == "free"
    assert int(page.text_content("#inbox")) > 0

    page.click("#buy")
    assert "jun.sato@example.com" in page.text_content("form")
    page.click("text=Pay $8.00")
    page.wait_for_url(f"{PUBLIC_URL}/app?paid")
    for _ in range(50):
        page.wait_for_function("document.getElementById('plan').textContent !== '?'")
        if page.text_content("#plan") == "pro_monthly":
            break
        page.wait_for_timeout(200)
        page.click("#look")
    assert page.text_content("#plan") == "pro_monthly"
    assert page.text_content("#problem") == ""
    assert page.asked <= {"daybook.test", "127.0.0.1"}
