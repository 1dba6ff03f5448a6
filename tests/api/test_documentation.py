"""The interactive documentation in a real browser: its example works as it stands, and no third party is asked."""

from playwright.sync_api import Browser, expect

from tests.support.browser.chromium import PATIENCE


def test_the_example_can_be_executed_as_it_stands(served: str, browser: Browser):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{served}/docs")
    page.get_by_role("button", name="POST /predict The next hour's price").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text("predicted_next_hour_price")
    page.close()
    assert f"{served}/predict" in requests
    assert [url for url in requests if not url.startswith((f"{served}/", "data:"))] == []
    assert complaints == []
