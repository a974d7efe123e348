"""Which of the database's doors a page's SQL takes: with `?_where=` it has a person's text in it, else it is all ours."""

from typing import Any


async def ask(db: Any, request: Any, sql: str, params: Any, **options: Any) -> Any:
    door = db.execute if "_where" in request.args else db.execute_generated
    return await door(sql, params, **options)
