"""What people notice of a rolling restart: two hosts behind the nginx of docs/operations.md, on PostgreSQL and Redis.

DATABASE_URL=postgres://… REDIS_URL=redis://… python -m bench.rolling [--workers 2] [--rate 50] [--rounds 3]
"""

import argparse
import asyncio
import os
import tempfile

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}
os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/0")

# Below, because these read the settings.
from chatproject.tests.nginx import Nginx
from messaging.tests.faults.rolling import hosts, restart_under_load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=50, help="messages a second, half by HTTP, half over sockets")
    parser.add_argument("--rounds", type=int, default=3, help="restarts of each host")
    options = parser.parse_args()
    with hosts(options.workers, STOP_DELAY_SECONDS="1") as both, Nginx(*both) as proxy:
        seen = asyncio.run(restart_under_load(both, proxy, rate=options.rate, rounds=options.rounds))
    for name, value in seen.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
