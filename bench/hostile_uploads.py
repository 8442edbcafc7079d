"""What the uploads of one person do to six others: each attack on a fresh server, with a quota of 20 MB."""

import io
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}

from PIL import Image

from bench.hostile_strangers import Watch
from chatproject.tests.server import Server
from media.tests.test_upload_parser import Slow, head
from messaging.tests.client import Person

MEGABYTE = 1024 * 1024
ENV = {
    "REQUIRE_EMAIL_VERIFICATION": "false",
    "RATE_AUTH": "1000/m",
    "RATE_AUTH_ADDRESS": "1000/m",
    "UPLOAD_QUOTA_MB": "20",
}
OTHERS = tuple(f"member-{n}" for n in range(6))
MINE = "users/me/avatar/"


def attack_all() -> None:
    """Print a row for each attack."""
    print("| one person | is answered | MB on the disk | six others' pictures | slowest s | MB more at most |")
    print("| --- | --- | ---: | --- | ---: | ---: |")
    for title, attack in ATTACKS.items():
        with Server(env=ENV) as server:
            mallory, *others = (Person(server, name) for name in ("mallory", *OTHERS))
            set_picture(others[0], slow_picture(64, 64, scans=0))  # what is loaded later
            with Watch(server) as watch, ThreadPoolExecutor() as pool:
                attacking = pool.submit(attack, mallory)
                time.sleep(2)
                found = list(pool.map(set_picture, others, [slow_picture(64, 64, scans=0)] * len(others)))
                lying = sum(path.stat().st_size for path in (server.data_dir / "incoming").iterdir())
                hers = attacking.result()
            theirs, slowest = counted(one for one, _ in found), max(seconds for _, seconds in found)
            grown = (watch.most - watch.before) // 1024
            cells = [title, counted(hers), lying // MEGABYTE, theirs, f"{slowest:.1f}", grown]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def avatars(mallory: Person) -> list[str]:
    content = slow_picture(8000, 5000, scans=150)
    with ThreadPoolExecutor(5) as pool:
        return [status for status, _ in pool.map(set_picture, [mallory] * 5, [content] * 5)]


def files(mallory: Person) -> list[str]:
    """All of each but its last megabyte."""
    content = head(mallory.group()) + b"\x89PNG\r\n\x1a\n" + bytes(8 * MEGABYTE)
    return answers([Slow(mallory.server, mallory, 9 * MEGABYTE) for _ in range(60)], content)


def silences(mallory: Person) -> list[str]:
    return answers([Slow(mallory.server, mallory, MEGABYTE, f"PUT {MINE}") for _ in range(70)], b"")


ATTACKS: dict[str, Callable[[Person], list[str]]] = {
    "sends 5 avatars of 40 megapixels": avatars,
    "begins 60 files of 9 MB": files,
    "begins 70 pictures of herself and sends nothing": silences,
}


def set_picture(person: Person, content: bytes) -> tuple[str, float]:
    began = time.monotonic()
    answer = person.call("PUT", MINE, files={"file": ("me.jpg", content)})
    return str(answer.status_code), time.monotonic() - began


def slow_picture(width: int, height: int, scans: int) -> bytes:
    """A JPEG that goes over its pixels so many times more."""
    Image.new("RGB", (width, height)).save(file := io.BytesIO(), "JPEG", progressive=True)
    whole = file.getvalue()
    return whole[:-2] + whole[whole.rindex(b"\xff\xda") : -2] * scans + whole[-2:]


def answers(begun: list[Slow], content: bytes) -> list[str]:
    with ThreadPoolExecutor(len(begun)) as pool:
        return list(pool.map(lambda one: status(one, content), begun))


def status(one: Slow, content: bytes) -> str:
    """Of the answer, if there is one within a minute."""
    one.socket.settimeout(60)
    try:
        one.send(content)
        return one.socket.recv(12)[-3:].decode()
    except OSError as error:
        return type(error).__name__


def counted(found: Iterable[str]) -> str:
    return ", ".join(f"{count} × {one}" for one, count in sorted(Counter(found).items()))
