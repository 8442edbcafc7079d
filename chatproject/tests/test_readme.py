"""What README.md shows runs as it is written, line by line, on a server as it is by default."""

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from PIL import Image

from chatproject.tests.server import ROOT, Server

README = (ROOT / "README.md").read_text()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="curl or jq is not installed")
def test_the_walk_through_for_developers_ends_with_a_picture_in_the_lobby(own: Server, tmp_path: Path) -> None:
    own.start()
    (tmp_path / "data").symlink_to(own.data_dir)
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.jpg")
    (block,) = [one for one in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "auth/register/" in one]
    script = block.replace("http://127.0.0.1:8000", own.url).replace("curl ", "curl --fail-with-body ")

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'{script}\necho; echo "$id" "$token"'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    conversation, token = ran.stdout.split()[-2:]
    address = f"{own.url}/api/v1/conversations/{conversation}/messages/"
    messages = httpx.get(address, headers={"Authorization": f"Bearer {token}"}).json()["results"]
    assert sorted((one["content"], len(one["attachments"])) for one in messages) == [("", 1), ("Hello", 0)]
