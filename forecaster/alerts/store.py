"""Alerts in the database: made, listed, paused, deleted, and changed by whoever first sees that they hold.

The calls block, and may raise ConfigurationError: run them in a thread.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from forecaster.alerts.alerts import Asked, Standing, Wanted, new_id, receiver_of
from forecaster.database import ANSWER, Database, Health, Proof
from forecaster.errors import InvalidInput
from forecaster.ledger import migrate

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALONE = 0x616C  # of PostgreSQL's advisory locks, the one that who makes an alert holds


class Limits(NamedTuple):
    """How many there may be."""

    of_owner: int = 100  # alerts of one key
    alerts: int = 1000  # in all
    waiting_of_alert: int = 300  # deliveries
    waiting: int = 20_000


class Made(NamedTuple):
    """A new alert with its secrets, either of which may be empty."""

    asked: Asked
    secret: str
    token: str


class Told(NamedTuple):
    """What was told on the stream."""

    id: str
    symbol: str
    body: str
    created: float  # Unix s


class Store:
    """The alerts in the database at a URL; safe to share between threads."""

    def __init__(
        self, url: str, health: Health | None = None, answer: float = ANSWER, limits: Limits | None = None
    ) -> None:
        """See Database for `health` and `answer`."""
        self._limits = limits or Limits()
        self.database = Database(url, "database of alerts", migrate, health, answer)
        self.health = self.database.health

    def add(self, owner: str, wanted: Wanted, now: float) -> Made:
        """Keep a new alert. Raises InvalidInput where there are as many as may be."""
        from sqlalchemy import func, insert, select

        from forecaster.ledger.tables import alerts

        secret = f"whsec_{secrets.token_urlsafe(32)}" if wanted.webhook else ""
        token = "" if wanted.webhook else f"st_{secrets.token_urlsafe(32)}"
        made = Asked(id=new_id("al", now), owner=owner, wanted=wanted, paused=False, created=now, standing=Standing())
        row = {
            "id": made.id,
            "owner": owner,
            "symbol": wanted.symbol,
            "wanted": wanted.model_dump_json(),
            "secret": secret,
            "token": hashed(token),
            "paused": False,
            "created": now,
            "standing": made.standing.model_dump_json(),
            "version": 0,
        }
        with self.database.begin(Proof.WRITTEN) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ALONE})")
            connection.execute(insert(alerts), row)
            count = select(func.count()).select_from(alerts)
            if int(connection.scalar(count.where(alerts.c.owner == owner)) or 0) > self._limits.of_owner:
                raise InvalidInput(
                    f"This key has {self._limits.of_owner} alerts, which is the most.", "Delete one first."
                )
            if int(connection.scalar(count) or 0) > self._limits.alerts:
                raise InvalidInput(
                    f"The service watches {self._limits.alerts} alerts, which is the most.",
                    "Try again when others were deleted.",
                )
        return Made(made, secret, token)

    def page(self, owner: str, after: str, limit: int) -> list[tuple[Asked, int]]:
        """Alerts of an owner with ids after one, oldest first, each with the deliveries that wait."""
        from forecaster.ledger.tables import alerts

        return self._found((alerts.c.owner == owner) & (alerts.c.id > after), limit)

    def get(self, owner: str, alert_id: str) -> tuple[Asked, int] | None:
        """An alert with the deliveries that wait, if the owner has one of that id."""
        from forecaster.ledger.tables import alerts

        found = self._found((alerts.c.owner == owner) & (alerts.c.id == alert_id), 1)
        return found[0] if found else None

    def active(self) -> list[Asked]:
        """All alerts that are not paused."""
        from sqlalchemy import false

        from forecaster.ledger.tables import alerts

        return [asked for asked, _ in self._found(alerts.c.paused == false(), self._limits.alerts)]

    def pause(self, owner: str, alert_id: str, paused: bool) -> bool:
        """Pause or resume; whether the owner has an alert of that id. What is resumed is watched as if it were new."""
        from sqlalchemy import update

        from forecaster.ledger.tables import alerts

        mine = (alerts.c.owner == owner) & (alerts.c.id == alert_id)
        with self.database.begin(Proof.WRITTEN) as connection:
            change = update(alerts).where(mine).values(paused=paused, version=alerts.c.version + 1)
            return connection.execute(change).rowcount == 1

    def delete(self, owner: str, alert_id: str) -> bool:
        """Forget an alert and what it has yet to tell; whether the owner had one of that id."""
        from sqlalchemy import delete

        from forecaster.ledger.tables import alerts, deliveries

        with self.database.begin(Proof.WRITTEN) as connection:
            gone = delete(alerts).where(alerts.c.owner == owner, alerts.c.id == alert_id)
            if connection.execute(gone).rowcount != 1:
                return False
            connection.execute(delete(deliveries).where(deliveries.c.alert_id == alert_id))
            return True

    def change(self, asked: Asked, standing: Standing, told: "tuple[str, str] | None", now: float) -> bool | None:
        """Write down how an alert stands now, and queue what is told of it (id and body), if it stood as `asked` says.

        None where another process was first, or it was paused or deleted; False where too much waits already.
        """
        from sqlalchemy import update

        from forecaster.ledger.tables import alerts

        unchanged = (alerts.c.id == asked.id) & (alerts.c.version == asked.standing.version) & ~alerts.c.paused
        changed = {"standing": standing.model_dump_json(), "version": standing.version}
        with self.database.begin(Proof.WRITTEN) as connection:
            if connection.execute(update(alerts).where(unchanged).values(changed)).rowcount != 1:
                return None
            return self._queued(connection, asked, standing.version, told, now) if told else True

    def heard(self, owner: str | None, tokens: Collection[str]) -> list[str]:
        """The ids of alerts that are told on the stream to the holder of a key, or of any of these tokens."""
        from sqlalchemy import or_, select

        from forecaster.ledger.tables import alerts

        mine = or_(alerts.c.owner == owner, alerts.c.token.in_([hashed(each) for each in tokens]))
        with self.database.begin() as connection:
            return list(connection.scalars(select(alerts.c.id).where(mine, alerts.c.token != "")))

    def told_since(self, since: float) -> list[tuple[str, Told]]:
        """What was told on the stream after a moment (Unix s), oldest first, by the ids of the alerts."""
        from sqlalchemy import select

        from forecaster.ledger.tables import alerts, deliveries

        columns = (deliveries.c.alert_id, deliveries.c.id, alerts.c.symbol, deliveries.c.body, deliveries.c.created)
        rows = (
            select(*columns)
            .join(alerts, alerts.c.id == deliveries.c.alert_id)
            .where(deliveries.c.receiver == "", deliveries.c.created > since)
            .order_by(deliveries.c.created, deliveries.c.sequence)
        )
        with self.database.begin() as connection:
            return [(row[0], Told(*row[1:])) for row in connection.execute(rows)]

    def open(self) -> None:
        """Open the database, and see to it that the tables are there."""
        with self.database.begin():
            pass

    def close(self) -> None:
        """Give back the connections."""
        self.database.close()

    def _queued(self, connection: "Connection", asked: Asked, sequence: int, told: Sequence[str], now: float) -> bool:
        from sqlalchemy import func, insert, select

        from forecaster.ledger.tables import deliveries

        webhook = asked.wanted.webhook
        count = select(func.count()).select_from(deliveries)
        of_alert = int(connection.scalar(count.where(deliveries.c.alert_id == asked.id)) or 0)
        if of_alert >= self._limits.waiting_of_alert or int(connection.scalar(count) or 0) >= self._limits.waiting:
            return False
        row = {
            "id": told[0],
            "alert_id": asked.id,
            "sequence": sequence,
            "receiver": receiver_of(webhook) if webhook else "",
            "body": told[1],
            "created": now,
            "tries": 0,
            "due": now,
            "leased_until": 0.0,
            "leased_by": "",
        }
        connection.execute(insert(deliveries), row)
        return True

    def _found(self, where: Any, limit: int) -> list[tuple[Asked, int]]:
        from sqlalchemy import func, select

        from forecaster.ledger.tables import alerts, deliveries

        waiting = (
            select(func.count())
            .where(deliveries.c.alert_id == alerts.c.id, deliveries.c.receiver != "")
            .scalar_subquery()
        )
        rows = select(alerts, waiting.label("waiting")).where(where).order_by(alerts.c.id).limit(limit)
        with self.database.begin() as connection:
            return [(_asked(row), int(row.waiting)) for row in connection.execute(rows)]


def hashed(token: str) -> str:
    """A token as it is kept."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def _asked(row: Any) -> Asked:
    standing = Standing.model_validate_json(row.standing).model_copy(update={"version": row.version})
    return Asked(
        id=row.id,
        owner=row.owner,
        wanted=Wanted.model_validate_json(row.wanted),
        paused=row.paused,
        created=row.created,
        standing=standing,
    )
