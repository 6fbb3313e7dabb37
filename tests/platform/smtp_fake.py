"""A real mail server of sixty lines, on a port of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["SmtpFake", "smtp_fake"]


class SmtpFake:
    """A mail server that takes letters and answers RCPT with `answers`, one after the other, then 250; of an
    address in `dead` it knows nothing. While `silent` is set, it takes connections and says nothing."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers
        self.letters: list[bytes] = []
        self.commands: list[str] = []
        self.dead: set[str] = set()
        self.silent = asyncio.Event()
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.silent.is_set():
            await reader.read()  # until the other side has had enough
            writer.close()
            return
        writer.write(b"220 fake\r\n")
        while line := (await reader.readline()).decode().strip():
            self.commands.append(line)
            match line.upper().split(" ")[0].split(":")[0]:
                case "EHLO":
                    answer = "250-fake\r\n250 AUTH PLAIN"
                case "AUTH":
                    answer = "235 welcome"
                case "RCPT":
                    answer = self._answer_to(line)
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    self.letters.append((await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n"))
                    answer = "250 taken"
                case "QUIT":
                    break
                case _:
                    answer = "250 ok"
            writer.write(f"{answer}\r\n".encode())
        writer.write(b"221 bye\r\n")
        writer.close()

    def _answer_to(self, line: str) -> str:
        if any(f"<{address}>" in line for address in self.dead):
            return "550 5.1.1 no such mailbox"
        return self.answers.pop(0) if self.answers else "250 ok"


@asynccontextmanager
async def smtp_fake(*answers: str) -> AsyncIterator[SmtpFake]:
    fake = SmtpFake(list(answers))
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield fake
