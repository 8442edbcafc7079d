"""What a backup, a restore, an export and an import of many messages cost: seconds, and the most memory.

python -m bench.exports [--messages 100000 1000000] [--database sqlite postgres]

Two sizes show whether the memory grows with what is exported.
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.databases import POSTGRES
from chatproject.tests.server import ROOT, Server

URLS = {"postgres": f"{POSTGRES}/postgres", "sqlite": ""}
KEY = {"BACKUP_KEY": "for measuring, and for nothing else"}
TEMPORARY = {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--database", nargs="+", choices=tuple(URLS), default=["sqlite", "postgres"])
    parser.add_argument("--out", action="store_true", help="only take out, and bring in nowhere")
    options = parser.parse_args()
    print("| database | messages | what | seconds | CPU seconds | messages/s | most memory, MiB | size, MiB |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for database in options.database:
        for messages in options.messages:
            measure(database, messages, brings_in=not options.out)


def measure(database: str, messages: int, *, brings_in: bool) -> None:
    """Fill an installation, take everything out of it, and bring it into two others."""
    env = {**KEY, **TEMPORARY, "DATABASE_URL": URLS[database]}
    source, restored, imported = Server(env=env), Server(env=env, bare=True), Server(env=env, bare=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            seed = [*source.command()[:1], "-m", "bench.seed_search", str(messages), str(Path(folder, "seeded.json"))]
            subprocess.run(seed, env=source.env, cwd=ROOT, check=True)
            out, backups = Path(folder, "out"), source.data_dir / "backups"
            row(database, messages, source, ["export_data", "--all", str(out)], out)
            row(database, messages, source, ["backup"], backups)
            if brings_in:
                (archive,) = backups.glob("chat-*")
                row(database, messages, imported, ["import_data", str(out)], out)
                row(database, messages, restored, ["restore", str(archive)], backups)
        finally:
            for server in (source, restored, imported):
                server.close()


def row(database: str, messages: int, server: Server, what: list[str], folder: Path) -> None:
    """Run a command to its end and print what it took."""
    began = time.monotonic()
    process = subprocess.Popen(server.command(*what), env=server.env, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, what
    seconds, cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
    numbers = f"{seconds:.1f} | {cpu:.1f} | {messages / seconds:,.0f} | {used.ru_maxrss / 1024:.0f}"
    print(f"| {database} | {messages:,} | {what[0]} | {numbers} | {size_of(folder) / 2**20:,.0f} |", flush=True)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
