"""An SMTP server that takes everything and writes down what it took, before it says so.

    python -m tests.support.sink FILE [SECONDS]

Prints its port. FILE gets one line per mail: recipient and Message-ID. SECONDS is how long it thinks about each mail.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TextIO

MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, book: TextIO, pause: float) -> None:
    writer.write(b"220 sink\r\n")
    to = b""
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            mail = await reader.readuntil(END)
            if pause:
                await asyncio.sleep(pause)
            found = MESSAGE_ID.search(mail)
            book.write(f"{to.decode()} {found[1].decode() if found else '-'}\n")
            book.flush()
            writer.write(b"250 taken\r\n")
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        elif verb == b"EHLO":
            writer.write(b"250-sink\r\n250 PIPELINING\r\n")
        else:
            if verb == b"RCPT":
                to = line.partition(b"<")[2].partition(b">")[0]
            writer.write(b"250 ok\r\n")
    writer.close()


async def main(path: Path, pause: float) -> None:
    """Serve until killed."""
    with path.open("a") as book:

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await _serve(reader, writer, book, pause)
            except (ConnectionError, asyncio.IncompleteReadError):
                writer.close()  # the sender was killed

        server = await asyncio.start_server(one, "127.0.0.1", 0, limit=1 << 20)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
