"""The interactive documentation in a real browser: its example works as it stands, and no third party is asked."""

from tests.browser import chromium
from tests.processes import started, until_ready


def test_the_example_can_be_executed_as_it_stands():
    with chromium() as browser, started("serve") as (_, address):
        until_ready(address)
        page = browser.new_page()
        requests, complaints = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{address}/docs")
        page.get_by_role("button", name="POST /predict The next hour's price").click()
        page.get_by_role("button", name="Execute").click()
        answer = page.locator(".live-responses-table .response").first
        assert answer.locator(".response-col_status").inner_text().strip() == "200"
        assert "predicted_next_hour_price" in answer.inner_text()
        assert f"{address}/predict" in requests
        assert [url for url in requests if not url.startswith((f"{address}/", "data:"))] == []
        assert complaints == []
