"""Handing a mail to a server: what each behaviour of a server means, with PIPELINING (RFC 2920) and without."""

from __future__ import annotations

import socket
import threading

import pytest

from neighbour.core.mail import Outcome, Transport

MAIL = b"Subject: Probe\n\nEin Satz.\n.Punkt am Anfang\n"
TO = "gerda@altenbrueck.example"


class Server:
    """Answers each command as told; ``heard`` is what came, a mail as one entry."""

    def __init__(self, *, pipelines: bool, answers: dict[bytes, bytes]):
        self.heard: list[bytes] = []
        self.pipelines = pipelines
        self.answers = {b"MAIL": b"250 ok", b"RCPT": b"250 ok", b"DATA": b"354 go on", b".": b"250 taken", **answers}
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        try:
            line, _address = self.listener.accept()
        except OSError:  # closed before anybody came
            return
        with line, line.makefile("rb") as heard:
            line.sendall(b"220 hello\r\n")
            while command := heard.readline():
                verb = command[:4].strip().upper()
                self.heard.append(command.strip())
                if verb == b"EHLO":
                    line.sendall(b"250-server\r\n250 PIPELINING\r\n" if self.pipelines else b"250 server\r\n")
                    continue
                answer = self.answers.get(verb, b"250 ok")
                line.sendall(answer + b"\r\n")
                if verb == b"DATA" and answer.startswith(b"354"):
                    self.heard.append(self._mail(heard))
                    if not self.answers[b"."]:
                        return
                    line.sendall(self.answers[b"."] + b"\r\n")

    def _mail(self, heard) -> bytes:
        whole = b""
        while not (whole.endswith(b"\r\n.\r\n") or whole == b".\r\n"):
            whole += heard.readline()
        return whole


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def serving(request):
    servers = []

    def serve(**answers: bytes) -> Server:
        given = {(b"." if name == "end" else name.encode()): value for name, value in answers.items()}
        servers.append(Server(pipelines=request.param, answers=given))
        return servers[-1]

    yield serve
    for each in servers:
        each.listener.close()


def handed_over(server: Server):
    with Transport(server.url, timeout=5) as transport:
        return transport.hand_over("brett@altenbrueck.example", TO, MAIL)


def test_a_mail_that_is_taken_is_sent_whole(serving):
    server = serving()
    assert handed_over(server).outcome is Outcome.SENT
    assert server.heard[1:4] == [
        b"MAIL FROM:<brett@altenbrueck.example>",
        b"RCPT TO:<gerda@altenbrueck.example>",
        b"DATA",
    ]
    assert server.heard[4] == b"Subject: Probe\r\n\r\nEin Satz.\r\n..Punkt am Anfang\r\n.\r\n"


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"MAIL": b"421 closing"}, Outcome.LATER),
        ({"MAIL": b"552 too big"}, Outcome.REFUSED),
        ({"RCPT": b"450 greylisted", "DATA": b"503 nobody"}, Outcome.LATER),
        ({"RCPT": b"550 no such user", "DATA": b"503 nobody"}, Outcome.REFUSED),
        ({"RCPT": b"550 no such user"}, Outcome.REFUSED),
        ({"DATA": b"451 not now"}, Outcome.LATER),
        ({"end": b"452 disk full"}, Outcome.LATER),
        ({"end": b"554 spam"}, Outcome.REFUSED),
        ({"end": b""}, Outcome.UNCERTAIN),
    ],
)
def test_what_a_server_says_is_what_becomes_of_the_mail(serving, answers, outcome):
    server = serving(**answers)
    assert handed_over(server).outcome is outcome
    bodies = [heard for heard in server.heard if b"Ein Satz." in heard]
    assert len(bodies) == ("end" in answers), "words go out only when the recipient was taken"


def test_the_line_is_good_for_the_next_mail_after_a_refusal(serving):
    server = serving(RCPT=b"550 no such user")
    with Transport(server.url, timeout=5) as transport:
        assert transport.hand_over("a@altenbrueck.example", TO, MAIL).outcome is Outcome.REFUSED
        server.answers[b"RCPT"] = b"250 ok"
        assert transport.hand_over("a@altenbrueck.example", TO, MAIL).outcome is Outcome.SENT


def test_what_is_kept_of_an_answer_names_nobody(serving):
    said = handed_over(serving(RCPT=b"550 <gerda@altenbrueck.example>: unknown (gerda@altenbrueck.example)")).text
    assert "gerda" not in said and said.startswith("550 <…>: unknown")


def test_a_line_end_in_an_address_never_reaches_the_server(serving):
    server = serving()
    with Transport(server.url, timeout=5) as transport:
        answer = transport.hand_over("a@altenbrueck.example", "x@y.example\r\nRCPT TO:<z@y.example>", MAIL)
    assert answer.outcome is Outcome.REFUSED
    assert not any(b"z@y.example" in heard for heard in server.heard)
