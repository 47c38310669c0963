"""The yardstick: `websockets` alone, fed by the same Redis, which believes whoever connects: `… PORT CHANNEL REDIS`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from typing import Any

import redis.asyncio
from websockets.asyncio.server import ServerConnection, broadcast, serve

listeners: defaultdict[int, set[ServerConnection]] = defaultdict(set)


async def converse(connection: ServerConnection) -> None:
    """One client: the first message says for whom it listens."""
    user = int(json.loads(await connection.recv())["token"])
    listeners[user].add(connection)
    try:
        await connection.send('{"type":"connected"}')
        await connection.wait_closed()
    finally:
        listeners[user].discard(connection)


async def carry(channel: str, address: str) -> None:
    """What Redis says, to whom it concerns."""
    async with redis.asyncio.Redis.from_url(address).pubsub(ignore_subscribe_messages=True) as subscription:
        await subscription.subscribe(channel)
        async for message in subscription.listen():
            told: dict[str, Any] = json.loads(message["data"])
            if told.get("user") in listeners:
                text = json.dumps({"type": told["kind"], "data": told["data"], "id": told["event"]})
                broadcast(listeners[told["user"]], text)


async def main(port: int, channel: str, address: str) -> None:
    # The clients here only listen: nobody is cut off for not answering its pings.
    async with serve(
        converse, "127.0.0.1", port, compression=None, backlog=2048, ping_interval=25, ping_timeout=None
    ):
        await carry(channel, address)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
