"""Messages of brokers as the old system gave them: one by its number, or pages of those of alerts, sources or objects."""

import json
from collections.abc import Sequence

from datasette_postgresql import PostgresDatabase

from plugins.elasticc_tables import MOST_BIGINT, iso

DEFAULT_NUM = 100
MICROSECONDS = "(extract(epoch from m.{column}) * 1000000)::bigint"

# What an answer is made of; sources serve only to find messages by their object.
READS = ("elasticc_brokermessage", "elasticc_brokerclassification", "elasticc_brokerclassifier")

# What a list may be asked by, and the condition for it.
BY = {
    "alertid": 'm."alertId" = any(%(ids)s::bigint[])',
    "sourceid": 'm."diaSourceId" = any(%(ids)s::bigint[])',
    "objectid": """m."diaSourceId" in (
        select s."diaSourceId" from elasticc_diasource s where s."diaObject_id" = any(%(ids)s::bigint[]))""",
}

MESSAGE = f"""json_build_object(
    'dbMessageIndex', m."dbMessageIndex",
    'alertId', m."alertId",
    'diaSourceId', m."diaSourceId",
    'descIngestTimestamp', {iso('m."descIngestTimestamp"')},
    'elasticcPublishTimestamp', {MICROSECONDS.format(column='"elasticcPublishTimestamp"')},
    'brokerIngestTimestamp', {MICROSECONDS.format(column='"brokerIngestTimestamp"')},
    'brokerName', of_broker.names ->> 0,
    'brokerVersion', of_broker.versions ->> 0,
    'classifications', coalesce(of_broker.classifications, '[]')
)"""

MESSAGES = f"""
    select {MESSAGE}::text as body
    from elasticc_brokermessage m
    cross join lateral (
        select
            json_agg(b."brokerName" order by c."dbClassificationIndex") as names,
            json_agg(b."brokerVersion" order by c."dbClassificationIndex") as versions,
            json_agg(json_build_object(
                'classifierName', b."classifierName",
                'classifierParams', b."classifierParams",
                'classId', c."classId",
                'probability', case when c.probability - c.probability = 0 then c.probability end
            ) order by c."dbClassificationIndex") as classifications
        from elasticc_brokerclassification c
        join elasticc_brokerclassifier b on b."dbClassifierIndex" = c."dbClassifier_id"
        where c."dbMessage_id" = m."dbMessageIndex"
    ) of_broker
    where {{condition}}
    order by m."dbMessageIndex"
    offset %(offset)s
    limit %(num)s
"""

TOTAL = """
    select count(*) as total
    from elasticc_brokermessage m
    where {condition}
"""


async def answer(database: PostgresDatabase, asked: str, offset: int | None, num: int | None) -> str | None:
    """JSON text for `<number>` (`{}` where there is none) or `<by>=<id>,<id>…`; None where `asked` is neither."""
    by, equals, listed = asked.partition("=")
    ids = _whole_numbers(listed if equals else asked)
    if ids is None:
        return None
    if not equals:
        found = await _messages(database, 'm."dbMessageIndex" = any(%(ids)s::bigint[])', ids, 0, 1)
        return found[0] if found else "{}"
    if by not in BY:
        return None
    return await _page(database, BY[by], ids, offset or 0, num or DEFAULT_NUM)


async def _page(database: PostgresDatabase, condition: str, ids: Sequence[int], offset: int, num: int) -> str:
    total = (await database.fetch(TOTAL.format(condition=condition), {"ids": ids})).rows[0]["total"]
    messages = await _messages(database, condition, ids, offset, num)
    head = {"offset": offset, "num": num, "totalcount": total, "count": len(messages)}
    return json.dumps(head)[:-1] + ', "brokermessages": [' + ",".join(messages) + "]}"


async def _messages(database: PostgresDatabase, condition: str, ids: Sequence[int], offset: int, num: int) -> list[str]:
    page = {"ids": list(ids), "offset": min(offset, MOST_BIGINT), "num": min(num, MOST_BIGINT)}
    rows = (await database.fetch(MESSAGES.format(condition=condition), page)).rows
    return [str(row["body"]) for row in rows]


def _whole_numbers(text: str) -> list[int] | None:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        return None
    return numbers if all(abs(number) <= MOST_BIGINT for number in numbers) else None
