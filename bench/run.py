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

from bench import plots
from bench.databases import REDIS, prepared
from bench.peers import socketio_room
from bench.report import Results, markdown, write_between_markers
from bench.scenes import SCENES, Reading, Scene
from bench.servers import CEILING, FASTAPI, PICOWS, ROOT, Server, running

FAN_OUT_AND_IDLE = ("one sender", "twenty senders", "quiet", "idle")
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
        peers = [socketio_room.prepared(Path(folder))] if "postgres" in options.database else []
        chats = [prepared(kind, Path(folder)) for kind in options.database]
        storing = [databases.enter_context(one) for one in (*peers, *chats)]
        results = play_all(storing, options, (cores[0], cores[-1]), Path(folder))
    text = markdown(results)
    print(text)
    if options.write:
        pictures = plots.write(results, options.write.parent / "images")
        write_between_markers(options.write, f"{text}\n\n{pictures}")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: for a look, not for a table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--database",
        nargs="+",
        choices=["sqlite", "postgres"],
        default=["sqlite"],
        help="what stores or reads is measured on each, the rest on the first; socket.io takes part with postgres",
    )
    parser.add_argument("--scene", nargs="+", choices=list(SCENES), default=list(SCENES), help="only these")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also put the tables between the file's markers")
    return parser


def play_all(storing: list[Server], options: argparse.Namespace, cores: tuple[int, int], folder: Path) -> Results:
    results: Results = defaultdict(lambda: defaultdict(list))
    for name in options.scene:
        scene = SCENES[name].quick() if options.quick else SCENES[name]
        for turn in range(1 if options.quick else options.rounds):
            for server in servers_for(name, storing):
                print(f"{name}, round {turn + 1}: {server.name}", file=sys.stderr)
                results[name][server.name].append(play(scene, server, cores, folder))
    return results


def servers_for(scene_name: str, storing: list[Server]) -> list[Server]:
    """Who plays a scene, of the servers with a database and those without: these are no measure for durable sends, the
    ceiling is."""
    peers = [server for server in storing if server.speaks != "chat"]
    chats = [server for server in storing if server.speaks == "chat"]
    chat = replace(chats[0], name="chatproject")
    if scene_name == "connect":
        return [PICOWS, FASTAPI, *peers, chat]
    if scene_name in FAN_OUT_AND_IDLE:
        return [PICOWS, FASTAPI, chat]
    if scene_name in ("everyday", "reads"):
        return storing
    if scene_name == "processes":
        return [several(chat, workers) for chat in chats if chat.database for workers in (1, 2)]
    if scene_name == "beside":
        return [replace(chat, name=f"{chat.name}{name}", **reads) for chat in chats for name, reads in BESIDE.items()]
    return [replace(chat, name=CEILING, command=("-m", "bench.ceiling", "serve")), *storing]


def several(chat: Server, workers: int) -> Server:
    """So many serving processes of our server, on both cores."""
    environment = {**chat.environment, "REDIS_URL": REDIS, "REDIS_PREFIX": "bench", "WORKERS": str(workers)}
    name = chat.name if workers == 1 else f"{chat.name}, {workers} processes"
    return replace(chat, name=name, environment=environment, is_pinned=False)


def play(scene: Scene | Reading, server: Server, cores: tuple[int, int], folder: Path) -> dict[str, Any]:
    """One scene on a fresh process of one server. Raises RuntimeError when something was refused."""
    server_core, own_core = cores
    server_cores = {server_core} if server.is_pinned else {server_core, own_core}
    with running(server, server_cores, folder / "server.log") as (pid, port), reading(server, port, own_core):
        command = [sys.executable, "-m", *scene.command(port, server.people)]
        command += [f"--pid={pid}", f"--speaks={server.speaks}", f"--database={server.database}"]
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
