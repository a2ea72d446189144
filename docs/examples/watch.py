#!/usr/bin/env python3
"""Watches a machine of veneerd and never misses a commit. Needs the package `websockets` (10 or newer).

    python3 watch.py [MACHINE] [ws://127.0.0.1:7077/ws]

After a broken connection it goes on where it was. A token, where the daemon asks for one, comes from VENEERD_TOKEN.
"""
import asyncio
import json
import os
import sys

import websockets


class Ended(Exception):
    """The daemon can't go on with this subscription: trying again does not help."""


async def commits(url, machine, start="start"):
    """Yields (epoch, commit) for every commit after `start`, in order, once; reconnects as long as it takes."""
    position = start
    token = os.environ.get("VENEERD_TOKEN")
    # Called additional_headers in websockets 14 and newer.
    headers = {"extra_headers": {"Authorization": f"Bearer {token}"}} if token else {}
    while True:
        try:
            async with websockets.connect(
                url, subprotocols=["veneerd.v1"], max_size=None, **headers
            ) as socket:
                request = {"type": "subscribe", "subscription": 1, "machine": machine, "from": position}
                await socket.send(json.dumps(request))
                async for text in socket:
                    frame = json.loads(text)
                    if frame["type"] == "commits":
                        for commit in frame["commits"]:
                            yield frame["epoch"], commit
                            position = {"epoch": frame["epoch"], "commit": commit["number"]}
                    elif frame["type"] == "end":
                        error = frame.get("error", {})
                        if not error.get("temporary", False):
                            raise Ended(error.get("message", "the subscription ended"))
                        break
        except (OSError, websockets.WebSocketException):
            pass
        await asyncio.sleep(1)


async def main(machine="demo", url="ws://127.0.0.1:7077/ws"):
    async for epoch, commit in commits(url, machine):
        kinds = ", ".join(event["type"] for event in commit["events"])
        print(f"{machine}@{epoch}:{commit['number']}  {commit['command']['type']}: {kinds}", flush=True)


try:
    asyncio.run(main(*sys.argv[1:]))
except KeyboardInterrupt:
    pass
except Ended as ended:
    sys.exit(f"{ended}")
