"""`manage.py changepassword` closes the sockets of the user whose password it changes."""

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person


async def test_sockets_close_when_the_command_changes_a_password() -> None:
    with Server(env=GENEROUS) as server:
        alice, bob = Person(server, "alice"), Person(server, "bob")
        async with alice.socket() as hers, bob.socket() as his:
            done = server.run("changepassword", "alice", "--password-stdin", input="another horse battery\n")
            assert done.returncode == 0, done.stderr
            assert await hers.closed() == 4401
            await his.ask("ping")
