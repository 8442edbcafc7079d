"""Results as pictures: for each family of scenes an SVG with a horizontal bar per server."""

from html import escape
from pathlib import Path
from statistics import median

from bench.report import Results, Servers

FAMILIES = {
    "fan-out": [
        ("one sender", "cpu_us_per_delivery", "500 members, 1 sender: CPU µs/delivery"),
        ("twenty senders", "cpu_us_per_delivery", "500 members, 20 senders: CPU µs/delivery"),
    ],
    "sending": [
        ("sends", "messages_per_second", "Durable sends: messages/s (more is better)"),
        ("everyday", "all_us_per_message", "20 messages a second: CPU of server and PostgreSQL, µs/message"),
    ],
    "reading": [
        ("reads", "newest_us", "Newest 50 messages: CPU of server and PostgreSQL, µs"),
        ("reads", "list_us", "List of 200 conversations: CPU of server and PostgreSQL, µs"),
    ],
    "connecting": [
        ("connect", "connect_cpu_ms", "Connecting, 20 conversations each: CPU ms"),
        ("idle", "kib_per_connection", "Idle connection: KiB"),
    ],
    "together": [
        ("processes", "cpu_us_per_message", "Durable sends on one process and two: CPU µs/message"),
        ("beside", "reply_p99_ms", "50 messages a second beside readers: reply p99 ms"),
    ],
}
WIDTH, LABELS, VALUES, ROW = 800, 300, 80, 24
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 }
  .card { fill: #fff } .bar { fill: #8c959f } .ours { fill: #6e56cf }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .card { fill: #161b22 } .bar { fill: #6e7681 } }
"""


def write(results: Results, folder: Path) -> str:
    """Write a file for each family that was measured. Returns the Markdown that shows them."""
    folder.mkdir(exist_ok=True)
    shown = []
    for family, parts in FAMILIES.items():
        charts = [chart for scene, key, title in parts if (chart := bars(title, key, results.get(scene, {})))]
        if charts:
            (folder / f"bench-{family}.svg").write_text(svg(charts))
            titles = "; ".join(title for scene, _, title in parts if scene in results)
            shown.append(f"![{titles}]({folder.name}/bench-{family}.svg)")
    return "\n\n".join(shown)


def bars(title: str, key: str, servers: Servers) -> list[str]:
    """A line of the chart each: its title, then the servers' bars. Empty for a scene that was not played."""
    figures = {name: median(run[key] for run in runs) for name, runs in servers.items()}
    longest = max(figures.values(), default=0) or 1
    lines = [bar(name, figure, figure / longest) for name, figure in figures.items()]
    return [f'<text class="title" x="12" y="17">{escape(title)}</text>', *lines] if lines else []


def bar(name: str, figure: float, share: float) -> str:
    length, kind = (WIDTH - LABELS - VALUES) * share, "ours" if name.startswith("chatproject") else "bar"
    return (
        f'<text x="{LABELS - 8}" y="17" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{kind}" x="{LABELS}" y="4" width="{length:.1f}" height="16" rx="2"/>'
        f'<text x="{LABELS + length + 6:.1f}" y="17">{figure:,.{0 if figure >= 100 else 2}f}</text>'
    )


def svg(charts: list[list[str]]) -> str:
    lines = [line for chart in charts for line in [*chart, ""]][:-1]
    rows = [f'<g transform="translate(0 {8 + n * ROW})">{line}</g>' for n, line in enumerate(lines) if line]
    height = len(lines) * ROW + 16
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    card = '<rect class="card" width="100%" height="100%" rx="6"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", card, *rows, "</svg>", ""])
