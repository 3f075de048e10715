"""A host of pictures: a TLS server on loopback, a resolver and a dialler that lead to it alone."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpcore2
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aquatint.net.fetch import HttpsFetch, dial

PUBLIC = "93.184.215.14"
OTHER = "2606:4700:4700::1111"

Answer = bytes | Callable[[ByteStream], Awaitable[None]]


@dataclass(frozen=True)
class Trust:
    server: ssl.SSLContext
    client: ssl.SSLContext
    file: Path  # the certificate with its key, PEM
    authority: Path  # the certificate alone


def make_trust(folder: Path) -> Trust:
    """A certificate for pictures.example, other.example and two addresses, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aquatint tests")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [x509.DNSName("pictures.example"), x509.DNSName("other.example")]
    hosts_and_address = [
        *hosts,
        *(x509.IPAddress(ipaddress.ip_address(one)) for one in (OTHER, "127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts_and_address), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file, authority = folder / "server.pem", folder / "authority.pem"
    file.write_bytes(pem + secret)
    authority.write_bytes(pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    return Trust(server, ssl.create_default_context(cadata=pem.decode()), file, authority)


@dataclass
class Net:
    """A resolver and a dialler that note what they were asked, and lead to the test's server."""

    port: int = 0
    names: dict[str, list[Sequence[str]]] = field(
        default_factory=lambda: {"pictures.example": [[PUBLIC]], "other.example": [[OTHER]]}
    )
    dead: set[str] = field(default_factory=set[str])
    asked: list[str] = field(default_factory=list[str])
    dialled: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    requests: list[str] = field(default_factory=list[str])

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host == "later.example":
            raise socket.gaierror(socket.EAI_AGAIN, "the name server is busy")
        answers = self.names.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def connect(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((address, port))
        if address in self.dead:
            raise ConnectionRefusedError(address)
        return await dial("127.0.0.1", self.port)

    def fetch(self, trust: Trust, seconds: float = 10, max_bytes: int = 1000) -> HttpsFetch:
        return HttpsFetch(
            enabled=True,
            resolve=self.resolve,
            connect=self.connect,
            tls=trust.client,
            max_bytes=max_bytes,
            seconds=seconds,
        )


@asynccontextmanager
async def serving(trust: Trust, answers: dict[str, Answer]) -> AsyncGenerator[Net]:
    net = Net()

    async def serve(stream: ByteStream) -> None:
        async with stream:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await stream.receive()
            net.requests.append(head.decode())
            answer = answers[head.split()[1].decode()]
            if isinstance(answer, bytes):
                await stream.send(answer)
            else:
                await answer(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    net.port = listener.extra(SocketAttribute.local_port)
    tls = TLSListener(listener, trust.server, standard_compatible=False)
    async with tls, anyio.create_task_group() as group:
        group.start_soon(tls.serve, serve)
        yield net
        group.cancel_scope.cancel()


def ok(body: bytes, *headers: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def status(code: int, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {code} Said", "Content-Length: 0", *headers]
    return "\r\n".join([*head, "", ""]).encode()
