"""What a deadline keeps of a connection goes when the connection goes, however that comes."""

import gc

import pytest
from sqlalchemy import event, text

from forecaster.database.deadline import SOCKET
from forecaster.database.engines import known_url, open_engine
from tests.support.ledger.postgres import postgres


@pytest.fixture(scope="module")
def url():
    with postgres() as server:
        yield known_url(server.new_database(), "database")


def test_a_connection_whose_first_questions_fail_leaves_no_socket(url):
    engine, kept = open_engine(url), []

    def fails(connection, record):
        kept.append(record.info[SOCKET])
        raise OSError("no answer")

    event.listen(engine, "connect", fails)
    with pytest.raises(OSError, match="no answer"):
        engine.connect()
    engine.dispose()
    gc.collect()
    assert [each.fileno() for each in kept] == [-1]


def test_a_connection_that_is_closed_leaves_no_socket(url):
    engine = open_engine(url)
    with engine.connect() as connection:
        kept = connection.info[SOCKET]
        assert connection.scalar(text("SELECT 1")) == 1 and kept.fileno() > 0
    engine.dispose()
    assert kept.fileno() == -1
