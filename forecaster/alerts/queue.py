"""The queue of deliveries in the database: claimed by one process at a time, in order for each alert.

Only the oldest delivery of an alert may be claimed; it is deleted once it was taken, and the next one follows. A claim
is a lease: where a process dies, another one goes on after a minute. So each is delivered at least once, by its id.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from forecaster.alerts.alerts import Wanted
from forecaster.alerts.store import Store
from forecaster.database import Proof

LEASE = 60.0  # seconds, far longer than one try
STREAM_DAY = 24 * 3600.0  # seconds for which what was told on the stream is kept for who comes back


class Parcel(NamedTuple):
    """One delivery, with all that a try needs."""

    id: str
    alert_id: str
    receiver: str  # HOST:PORT
    url: str
    secret: str
    body: str
    created: float  # Unix s
    tries: int  # before this one


class Ended(NamedTuple):
    """What became of a claimed delivery: it is over, or is tried again at `due` (Unix s) after so many tries."""

    id: str
    due: float | None
    tries: int = 0


class Room(NamedTuple):
    """How many deliveries a process has room for."""

    most: int  # in all
    most_slow: int  # of them, to receivers that are slow
    each: int  # to one receiver; to a slow one a single delivery
    trying: Mapping[str, int]  # by receiver, how many are tried now
    slow: Collection[str]  # receivers that fail


class Queue:
    """Deliveries to webhooks as one process takes and ends them. The calls block, as those of Store do."""

    def __init__(self, store: Store, process: str) -> None:
        """`process` is a name that no other process has."""
        self._database, self._process = store.database, process

    def turn(self, ended: Sequence[Ended], room: Room, now: float) -> list[Parcel]:
        """End some deliveries and claim others, as many as there is room for, in one transaction."""
        with self._database.begin(Proof.TRIED) as connection:
            self._end(connection, ended)
            if room.most <= 0:
                return []
            chosen = self._chosen(connection, room, now, slow=False)
            most_slow = min(room.most_slow, room.most - len(chosen))
            if most_slow > 0:
                chosen += self._chosen(connection, room._replace(most=most_slow, each=1), now, slow=True)
            return self._leased(connection, chosen, now) if chosen else []

    def release(self) -> None:
        """Let others take what this process has claimed and not ended."""
        from sqlalchemy import update

        from forecaster.ledger.tables import deliveries as d

        with self._database.begin(Proof.TRIED) as connection:
            mine = update(d).where(d.c.leased_by == self._process)
            connection.execute(mine.values(leased_until=0.0, leased_by=""))

    def waiting(self, now: float) -> int:
        """How many are to be delivered to webhooks. What was told on the stream a day ago is forgotten."""
        from sqlalchemy import delete, func, select

        from forecaster.ledger.tables import deliveries as d

        with self._database.begin(Proof.TRIED) as connection:
            connection.execute(delete(d).where(d.c.receiver == "", d.c.created < now - STREAM_DAY))
            return int(connection.scalar(select(func.count()).select_from(d).where(d.c.receiver != "")) or 0)

    def _end(self, connection: Any, ended: Sequence[Ended]) -> None:
        from sqlalchemy import bindparam, delete, update

        from forecaster.ledger.tables import deliveries as d

        mine = (d.c.id == bindparam("of")) & (d.c.leased_by == self._process)
        over = [{"of": each.id} for each in ended if each.due is None]
        again = [{"of": each.id, "at": each.due, "n": each.tries} for each in ended if each.due is not None]
        if over:
            connection.execute(delete(d).where(mine), over)
        if again:
            later = {"due": bindparam("at"), "tries": bindparam("n"), "leased_until": 0.0, "leased_by": ""}
            connection.execute(update(d).where(mine).values(later), again)

    def _chosen(self, connection: Any, room: Room, now: float, *, slow: bool) -> list[str]:
        """Ids of what is due, the oldest of each alert, to receivers that are slow or to the others."""
        from sqlalchemy import func, not_, or_, select

        from forecaster.ledger.tables import deliveries as d

        of = d.alias()
        heads = select(of.c.alert_id, func.min(of.c.sequence).label("sequence")).where(of.c.receiver != "")
        head = heads.group_by(of.c.alert_id).subquery()
        full = [name for name, count in room.trying.items() if count >= room.each]
        lane = or_(d.c.receiver.in_(room.slow), d.c.tries > 0)
        place = func.row_number().over(partition_by=d.c.receiver, order_by=(d.c.due, d.c.id)).label("place")
        due = (
            select(d.c.id, d.c.receiver, d.c.due, place)
            .join(head, (head.c.alert_id == d.c.alert_id) & (head.c.sequence == d.c.sequence))
            .where(d.c.due <= now, d.c.leased_until <= now, d.c.receiver.not_in(full), lane if slow else not_(lane))
            .subquery()
        )
        rows = select(due).where(due.c.place <= room.each).order_by(due.c.due, due.c.id).limit(2 * room.most)
        found = connection.execute(rows).all()
        return [each.id for each in found if each.place <= room.each - room.trying.get(each.receiver, 0)][: room.most]

    def _leased(self, connection: Any, chosen: Sequence[str], now: float) -> list[Parcel]:
        """Of these what nobody else was faster to claim."""
        from sqlalchemy import select, update

        from forecaster.ledger.tables import alerts
        from forecaster.ledger.tables import deliveries as d

        lease = update(d).where(d.c.id.in_(chosen), d.c.leased_until <= now)
        lease = lease.values(leased_until=now + LEASE, leased_by=self._process)
        leased = list(connection.execute(lease.returning(d.c.id)).scalars())
        of_alert = (alerts.c.wanted, alerts.c.secret)
        taken = select(d.c.id, d.c.alert_id, d.c.receiver, *of_alert, d.c.body, d.c.created, d.c.tries)
        taken = taken.join(alerts, alerts.c.id == d.c.alert_id).where(d.c.id.in_(leased))
        return [_parcel(row) for row in connection.execute(taken.order_by(d.c.due, d.c.id))]


def _parcel(row: Any) -> Parcel:
    url = Wanted.model_validate_json(row.wanted).webhook or ""
    return Parcel(row.id, row.alert_id, row.receiver, url, row.secret, row.body, row.created, row.tries)
