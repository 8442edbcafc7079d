"""One command: start each server, let each scene play on each, a few rounds in turn, and show a table.

Servers take turns within a round, so what else the machine does hits all of them alike; every play gets a fresh
process. The server has one core to itself, the load generator another.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.databases import DATABASE, REDIS, prepared
from bench.report import Results, markdown, write_between_markers
from bench.scenes import SCENES, Scene
from bench.servers import CEILING, FASTAPI, PICOWS, ROOT, Server, running

FAN_OUT_AND_COST = ("one sender", "twenty senders", "quiet", "idle", "connect")
BESIDE: dict[str, dict[str, Any]] = {
    "": {},
    ", beside 4 lists": {"reads": "/api/v1/conversations/?limit=200", "readers": 4},
    ", beside 2 snapshots": {"reads": "/api/v1/sync/", "readers": 2},
}


def main() -> None:
    options = parser().parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The server and the load generator need a core each.")
    with tempfile.TemporaryDirectory(prefix="chat-bench-") as folder, ExitStack() as databases:
        chats = [databases.enter_context(prepared(kind, Path(folder))) for kind in options.database]
        results = play_all(chats, options, (cores[0], cores[-1]), Path(folder))
    text = markdown(results)
    print(text)
    if options.write:
        write_between_markers(options.write, text)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: for a look, not for a table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--database",
        nargs="+",
        choices=["sqlite", "postgres"],
        default=["sqlite"],
        help="durable sends are measured on each; the other scenes on the first",
    )
    parser.add_argument("--scene", nargs="+", choices=list(SCENES), default=list(SCENES), help="only these")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also put the tables between the file's markers")
    return parser


def play_all(chats: list[Server], options: argparse.Namespace, cores: tuple[int, int], folder: Path) -> Results:
    results: Results = defaultdict(lambda: defaultdict(list))
    for name in options.scene:
        scene = SCENES[name].quick() if options.quick else SCENES[name]
        for turn in range(1 if options.quick else options.rounds):
            for server in servers_for(name, chats):
                print(f"{name}, round {turn + 1}: {server.name}", file=sys.stderr)
                results[name][server.name].append(play(scene, server, cores, folder))
    return results


def servers_for(scene_name: str, chats: list[Server]) -> list[Server]:
    """Whom a scene is played on: peers that store nothing are no measure for durable sends, the ceiling is."""
    if scene_name in FAN_OUT_AND_COST:
        return [PICOWS, FASTAPI, replace(chats[0], name="chatproject")]
    if scene_name == "everyday":
        return chats
    if scene_name == "processes":
        return [several(chat, workers) for chat in chats if "sqlite" not in chat.name for workers in (1, 2)]
    if scene_name == "beside":
        return [replace(chat, name=f"{chat.name}{name}", **reads) for chat in chats for name, reads in BESIDE.items()]
    return [replace(chats[0], name=CEILING, command=("-m", "bench.ceiling", "serve")), *chats]


def several(chat: Server, workers: int) -> Server:
    """So many serving processes of our server, on both cores."""
    environment = {**chat.environment, "REDIS_URL": REDIS, "REDIS_PREFIX": "bench", "WORKERS": str(workers)}
    name = chat.name if workers == 1 else f"{chat.name}, {workers} processes"
    return replace(chat, name=name, environment=environment, is_pinned=False)


def play(scene: Scene, server: Server, cores: tuple[int, int], folder: Path) -> dict[str, Any]:
    """One scene on a fresh process of one server. Raises RuntimeError when something was refused."""
    server_core, own_core = cores
    server_cores = {server_core} if server.is_pinned else {server_core, own_core}
    with running(server, server_cores, folder / "server.log") as (pid, port), reading(server, port, own_core):
        command = [
            sys.executable,
            "-m",
            "bench.wsload",
            f"ws://127.0.0.1:{port}",
            f"--pid={pid}",
            f"--database={DATABASE}",
        ]
        command += scene.arguments()
        if server.people:
            command.append(f"--people={server.people / scene.cast_name}.json")
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {own_core}),
        )
    result: dict[str, Any] = json.loads(done.stdout)
    if result.get("refused"):
        raise RuntimeError(f"{server.name} refused {result['refused']} messages: {result['first_refusal']}")
    return result


@contextmanager
def reading(server: Server, port: int, core: int) -> Iterator[None]:
    """Have clients read meanwhile what the server is to be read."""
    if not server.readers or not server.people:
        yield
        return
    command = [sys.executable, "-m", "bench.readers", f"http://127.0.0.1:{port}{server.reads}"]
    command += [f"--people={server.people / 'readers.json'}", f"--clients={server.readers}"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as clients:
        try:
            yield
        finally:
            print(clients.communicate()[0], file=sys.stderr)
