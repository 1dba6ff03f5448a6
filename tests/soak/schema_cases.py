"""10,000 requests made from the OpenAPI document: python -m pytest tests/soak/schema_cases.py (minutes).

The name of this file keeps it out of the usual run, where tests/api/test_schema.py is a short version.
"""

from tests.support.browser.whole_service import whole_service
from tests.support.service.schema_cases import LOCKED, cases

CASES = 10_000
MOST = 450  # random cases an operation, for each way to make them


def test_10000_answers_break_nothing_that_the_document_says(tmp_path, shipped):
    with whole_service(tmp_path, shipped, LOCKED) as address:
        found = cases(address, MOST)
    assert not found.wrong, found.report()
    assert found.count >= CASES, found.cases
