"""How long the page takes to come up in a browser that sees it for the first time.

python -m bench.page [--rounds 5]

Prints a Markdown table of medians: packed by esbuild and as single modules, in turns, here and on a slow telephone
(150 ms, 1.6 Mbit/s, a processor four times slower). "CPU" is that of the browser's and the server's processes.
"""

import argparse
import statistics
import time

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from bench import procstat
from chatproject.tests.browser import chrome
from chatproject.tests.server import Server

PACKINGS = {"packed": {}, "single modules": {"ESBUILD": ""}}
PLACES = {"here": False, "slow telephone": True}
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 100_000}
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
COLUMNS = ["first paint s", "form s", "requests", "kB", "browser CPU s", "server CPU s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    servers = {packing: Server(env=env).start() for packing, env in PACKINGS.items()}
    print(f"| where | page | {' | '.join(COLUMNS)} |\n| --- | --- | {' | '.join(['---:'] * len(COLUMNS))} |")
    try:
        with sync_playwright() as playwright, chrome.launch(playwright) as browser:
            for place, is_slow in PLACES.items():
                runs = {packing: [] for packing in servers}
                for _ in range(rounds):
                    for packing, server in servers.items():
                        runs[packing].append(load(browser, server, is_slow=is_slow))
                for packing, figures in runs.items():
                    medians = [statistics.median(column) for column in zip(*figures, strict=True)]
                    print(f"| {place} | {packing} | {' | '.join(f'{one:.4g}' for one in medians)} |", flush=True)
    finally:
        for server in servers.values():
            server.close()


def load(browser: Browser, server: Server, *, is_slow: bool) -> list[float]:
    """What `COLUMNS` says, of one visit by somebody who was never there."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    if is_slow:
        network.send("Network.emulateNetworkConditions", SLOW)
        network.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda finished: sizes.append(finished["encodedDataLength"]))
    before = cpu(server)
    began = time.perf_counter()
    page.goto(server.url, wait_until="commit")
    page.get_by_test_id("signin-form").wait_for()
    took = time.perf_counter() - began
    used = [now - then for now, then in zip(cpu(server), before, strict=True)]
    figures = [painted(page), took, len(sizes), sum(sizes) / 1000, *used]
    context.close()
    return figures


def painted(page: Page) -> float:
    return float(page.wait_for_function(PAINTED).json_value()) / 1000


def cpu(server: Server) -> tuple[float, float]:
    """CPU seconds of the browser and of the server so far."""
    browsers = [one for one in psutil.Process().children(recursive=True) if "chrom" in one.name()]
    times = [one.cpu_times() for one in browsers]
    return sum(one.user + one.system for one in times), procstat.cpu_seconds([server.pid])


if __name__ == "__main__":
    main()
