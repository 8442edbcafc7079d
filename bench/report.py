"""Results as tables for people: medians over the rounds, ratios taken within a round, and goals."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.scenes import GOALS, Goal
from bench.servers import CEILING, PICOWS

Runs = list[dict[str, Any]]
Servers = Mapping[str, Runs]
Results = Mapping[str, Servers]
"""Scene → server → what the load generator said, round by round."""

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
Column = Callable[[str, Servers], str]
"""A cell, from the name of the server and the rounds of all."""


def markdown(results: Results) -> str:
    tables = [table(scene, results[scene]) for scene in TABLES if scene in results]
    played = rounds(results)
    how = f"medians of {played} rounds" if played > 1 else "one round, so expect other figures by a fifth"
    return "\n\n".join([f"Measured on {datetime.now(UTC):%Y-%m-%d}; {how}.", *tables])


def rounds(results: Results) -> int:
    return max(len(runs) for servers in results.values() for runs in servers.values())


def table(scene: str, servers: Servers) -> str:
    """One scene: its figures, then its goals."""
    title, figures = TABLES[scene]
    columns = {**figures, **{str(goal): verdict(goal) for goal in GOALS.get(scene, [])}}
    lines = [["server", *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(column(name, servers) for column in columns.values())] for name in servers]
    return f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def value(key: str, digits: int = 1) -> Column:
    return lambda name, servers: f"{median(run[key] for run in servers[name]):,.{digits}f}"


def pair(first: str, second: str) -> Column:
    return lambda name, servers: f"{value(first)(name, servers)} / {value(second)(name, servers)}"


def total(key: str) -> Column:
    return lambda name, servers: f"{sum(run[key] for run in servers[name]):,}"


def times(key: str, of: str) -> Column:
    """How many times the figure of another server."""

    def cell(name: str, servers: Servers) -> str:
        found = ratio(key, name, of, servers)
        return "" if found is None else f"{found:.2f}"

    return cell


def verdict(goal: Goal) -> Column:
    """The ratio that the goal is about, and for our own server whether it is met."""

    def cell(name: str, servers: Servers) -> str:
        of = goal.of or next(one for one in servers if name.startswith(one))
        found = ratio(goal.key, name, of, servers)
        if found is None:
            return ""
        if of == name or not name.startswith("chatproject"):
            return f"{found:.2f}"
        return f"{found:.2f} {'met' if goal.is_met(found) else '**missed**'}"

    return cell


def ratio(key: str, name: str, of: str, servers: Servers) -> float | None:
    """The median of the ratios within a round, or None if the other server did not take part."""
    if of not in servers:
        return None
    return median(run[key] / base[key] for run, base in zip(servers[name], servers[of], strict=True))


FAN_OUT: dict[str, Column] = {
    "CPU µs/delivery": value("cpu_us_per_delivery", 2),
    "deliveries/s": value("deliveries_per_second", 0),
    "p50 / p99 ms": pair("received_p50_ms", "received_p99_ms"),
    "lost": total("lost"),
    "bytes/frame": value("frame_bytes", 0),
}
TABLES: dict[str, tuple[str, dict[str, Column]]] = {
    "one sender": ("Fan-out: 500 members, 1 sender with 4 messages on their way", FAN_OUT),
    "twenty senders": ("Fan-out: 500 members, 20 senders", FAN_OUT),
    "quiet": (
        "A quiet room: 500 members, 5 messages a second, until the last member has it",
        {
            "p50 / p99 ms": pair("last_received_p50_ms", "last_received_p99_ms"),
            "p99 × picows": times("last_received_p99_ms", PICOWS.name),
            "lost": total("lost"),
        },
    ),
    "sends": (
        "Durable sends: 200 senders, each waiting for its reply, in 50 conversations of 4",
        {
            "CPU µs/message": value("cpu_us_per_message"),
            "messages/s": value("messages_per_second", 0),
            "CPU × ceiling": times("cpu_us_per_message", CEILING),
            "PostgreSQL µs/message": value("database_us_per_message"),
            "reply p50 / p99 ms": pair("reply_p50_ms", "reply_p99_ms"),
            "lost": total("lost"),
        },
    ),
    "everyday": (
        "Everyday: 20 messages a second over 200 people in 50 conversations of 4",
        {
            "CPU µs/message": value("cpu_us_per_message"),
            "PostgreSQL µs/message": value("database_us_per_message"),
            "reply p50 / p99 ms": pair("reply_p50_ms", "reply_p99_ms"),
            "lost": total("lost"),
        },
    ),
    "processes": (
        "One process and several, with Redis and a worker on two cores: durable sends as above",
        {
            "CPU µs/message": value("cpu_us_per_message"),
            "messages/s": value("messages_per_second", 0),
            "PostgreSQL µs/message": value("database_us_per_message"),
            "reply p50 / p99 ms": pair("reply_p50_ms", "reply_p99_ms"),
            "lost": total("lost"),
        },
    ),
    "reads": (
        "Reading by HTTP: the newest 50 of 30,000 messages, and a list of 200 conversations with ten unread in each",
        {
            "newest: CPU and PostgreSQL µs": value("newest_us", 0),
            "newest: p50 ms": value("newest_p50_ms"),
            "newest: bytes": value("newest_bytes", 0),
            "list: CPU and PostgreSQL µs": value("list_us", 0),
            "list: p50 ms": value("list_p50_ms"),
            "list: bytes": value("list_bytes", 0),
        },
    ),
    "beside": (
        "Reading beside sending: 50 messages a second, while others read 200 conversations",
        {
            "reply p50 / p99 ms": pair("reply_p50_ms", "reply_p99_ms"),
            "lost": total("lost"),
        },
    ),
    "idle": (
        "Idle memory: 2,000 signed-in connections, rooms of 20",
        {
            "KiB/connection": value("kib_per_connection"),
            "process MiB": value("rss_mib", 0),
            "connect CPU ms": value("connect_cpu_ms", 2),
        },
    ),
    "connect": (
        "Connecting: 500 people, each in 20 conversations of 25 (picows and FastAPI: in one room)",
        {
            "connect CPU ms": value("connect_cpu_ms", 2),
            "PostgreSQL ms": value("connect_database_ms", 2),
            "KiB/connection": value("kib_per_connection"),
        },
    ),
}


def write_between_markers(file: Path, text: str) -> None:
    """Replace what stands between the two markers of a file. Raises ValueError for a file without them."""
    before, _, rest = file.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{file} needs the lines {BEGIN} and {END}.")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
