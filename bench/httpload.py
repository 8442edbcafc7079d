"""The load generator for HTTP: one client asks for each of `bench.scenes.READS`. Prints one JSON object.

python -m bench.httpload http://127.0.0.1:9000 --pid 123 --speaks chat --people FOLDER
"""

import argparse
import itertools
import json
import statistics
import time
from pathlib import Path

from bench import procstat
from bench.adapters import ADAPTERS
from bench.readers import reads
from bench.scenes import CASTS, READS

WARM_UP = 20


def main() -> None:
    options = parser().parse_args()
    found: dict[str, float] = {}
    for name, cast_name in READS.items():
        people = ADAPTERS[options.speaks](options.url, CASTS[cast_name].rooms, options.people / f"{cast_name}.json")
        url = options.url + people.reads[name].format(people.conversations[0])
        measured = measure(url, people.tokens[0], options)
        found |= {f"{name}_{figure}": value for figure, value in measured.items()}
    print(json.dumps(found))


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="scheme, host and port")
    parser.add_argument("--pid", type=int, required=True, help="the server; its process tree is summed")
    parser.add_argument("--database", default="", help="name of the server's PostgreSQL database, to count its CPU too")
    parser.add_argument("--speaks", choices=list(ADAPTERS), required=True)
    parser.add_argument("--people", type=Path, required=True, help="a folder with a file for each cast")
    parser.add_argument("--seconds", type=float, default=5, help="for each")
    return parser


def measure(url: str, token: str, options: argparse.Namespace) -> dict[str, float]:
    """What one answer costs the server and PostgreSQL together, how long it takes, and the bytes of its body."""
    answers = reads(url, token)
    for _ in itertools.islice(answers, WARM_UP):
        pass
    server, database, until = *cpu_seconds(options), time.monotonic() + options.seconds
    found = list(itertools.takewhile(lambda _: time.monotonic() < until, answers))
    server, database = (now - then for now, then in zip(cpu_seconds(options), (server, database), strict=True))
    return {
        "us": (server + database) * 1e6 / len(found),
        "database_us": database * 1e6 / len(found),
        "p50_ms": statistics.median(took for took, _ in found) * 1e3,
        "bytes": found[0][1],
    }


def cpu_seconds(options: argparse.Namespace) -> tuple[float, float]:
    """Of the server and of the PostgreSQL processes that work for it, so far."""
    return procstat.cpu_seconds([options.pid]), procstat.postgres_seconds(options.database)


if __name__ == "__main__":
    main()
