"""Results as tables for people: medians over the rounds, and ratios taken within a round."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

Runs = list[dict[str, Any]]
Results = Mapping[str, Mapping[str, Runs]]
"""Scene → server → what the load generator said, round by round."""

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
Column = Callable[[Runs, Runs], str]
"""A cell, from the server's rounds and those of the table's measure."""


def markdown(results: Results) -> str:
    tables = [table(title, results[scene], columns) for scene, (title, columns) in TABLES.items() if scene in results]
    return "\n\n".join([f"Measured on {datetime.now(UTC):%Y-%m-%d}; medians of {rounds(results)} rounds.", *tables])


def rounds(results: Results) -> int:
    return max(len(runs) for servers in results.values() for runs in servers.values())


def table(title: str, servers: Mapping[str, Runs], columns: Mapping[str, Column]) -> str:
    """One scene. The first server is the measure that ratios refer to."""
    measure = next(iter(servers.values()))
    lines = [["server", *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(column(runs, measure) for column in columns.values())] for name, runs in servers.items()]
    return f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def value(key: str, digits: int = 1) -> Column:
    return lambda runs, _: f"{median(run[key] for run in runs):,.{digits}f}"


def pair(first: str, second: str) -> Column:
    return lambda runs, measure: f"{value(first)(runs, measure)} / {value(second)(runs, measure)}"


def times(key: str) -> Column:
    """How many times the measure's figure."""
    return lambda runs, measure: f"{median(ratios(key, runs, measure)):.2f}"


def percent(key: str) -> Column:
    """The figure as a share of the measure's: for what is better when it is more."""
    return lambda runs, measure: f"{median(ratios(key, runs, measure)):.0%}"


def percent_inverse(key: str) -> Column:
    """The measure's figure as a share of this one: for what is better when it is less."""
    return lambda runs, measure: f"{median(ratios(key, measure, runs)):.0%}"


def ratios(key: str, runs: Runs, measure: Runs) -> list[float]:
    return [run[key] / base[key] for run, base in zip(runs, measure, strict=True)]


def total(key: str) -> Column:
    return lambda runs, _: f"{sum(run[key] for run in runs):,}"


FAN_OUT: dict[str, Column] = {
    "CPU µs/delivery": value("cpu_us_per_delivery", 2),
    "× picows": times("cpu_us_per_delivery"),
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
            "p99 × picows": times("last_received_p99_ms"),
            "lost": total("lost"),
        },
    ),
    "sends": (
        "Durable sends: 200 senders, each waiting for its reply, in 50 conversations of 4",
        {
            "CPU µs/message": value("cpu_us_per_message"),
            "% of ceiling (CPU)": percent_inverse("cpu_us_per_message"),
            "messages/s": value("messages_per_second", 0),
            "% of ceiling (messages/s)": percent("messages_per_second"),
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
        "Several processes with Redis on two cores: durable sends as above",
        {
            "CPU µs/message": value("cpu_us_per_message"),
            "× one process": times("cpu_us_per_message"),
            "messages/s": value("messages_per_second", 0),
            "PostgreSQL µs/message": value("database_us_per_message"),
            "reply p50 / p99 ms": pair("reply_p50_ms", "reply_p99_ms"),
            "p99 × one process": times("reply_p99_ms"),
            "lost": total("lost"),
        },
    ),
    "beside": (
        "Reading beside sending: 50 messages a second, while others read 200 conversations",
        {
            "reply p50 / p99 ms": pair("reply_p50_ms", "reply_p99_ms"),
            "p99 × quiet": times("reply_p99_ms"),
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
        "Connecting: 500 people, each in 20 conversations of 25 (the peers know one room)",
        {"connect CPU ms": value("connect_cpu_ms", 2), "KiB/connection": value("kib_per_connection")},
    ),
}


def write_between_markers(file: Path, text: str) -> None:
    """Replace what stands between the two markers of a file. Raises ValueError for a file without them."""
    before, _, rest = file.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{file} needs the lines {BEGIN} and {END}.")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
