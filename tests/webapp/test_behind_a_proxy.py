# SPDX-License-Identifier: BSD-3-Clause
"""Real reverse proxies with TLS, configured by the words of the how-to."""

import re
import ssl
import subprocess
import time

import httpx
import pytest
from local_server import free_port
from served import PASSWORD, ROOT
from wire import watch

HOWTO = ROOT / "docs/howto/control-room.md"
HERE = "http://127.0.0.1:8000"  # where the how-to's control room listens


def words(begin):
    """The how-to's configuration that begins so."""
    return re.search(rf"```\n({re.escape(begin)}.*?)```", HOWTO.read_text(), re.DOTALL).group(1)


@pytest.fixture
def certificate(tmp_path):
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", tmp_path / "dish.key", "-out", tmp_path / "dish.pem")
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
    return tmp_path


def nginx(folder, port, room):
    server = words("server {").replace("listen 443", f"listen 127.0.0.1:{port}").replace("dish.example.org", "localhost")
    server = server.replace("/etc/ssl", str(folder)).replace(HERE, room)
    kinds = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}\n"
    (folder / "nginx.conf").write_text(f"{main}http {{ access_log off; {kinds}\n{server}}}\n")
    return ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]


def caddy(folder, port, room):
    site = words("dish.example.org {").replace("dish.example.org {", f"https://localhost:{port} {{\n  tls dish.pem dish.key")
    site = site.replace(HERE.removeprefix("http://"), room.removeprefix("http://"))
    (folder / "Caddyfile").write_text("{\n  admin off\n  auto_https off\n}\n" + site)
    return ["caddy", "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_a_proxy_speaks_tls_for_it(proxy, certificate, start_control_room):
    port = free_port()
    url = f"https://localhost:{port}"
    room = start_control_room(address=url, proxies="127.0.0.1")
    name = room.add_user("operator")
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *proxy(certificate, port, room.url)],
        cwd=certificate, env={"HOME": str(certificate), "PATH": "/usr/sbin:/usr/bin:/bin"},
    )  # fmt: skip
    trust = ssl.create_default_context(cafile=certificate / "dish.pem")
    # The client of the socket reads and writes in two threads, and Python's ssl lets them meet in OpenSSL (CPython's
    # issue 143756): a ticket of TLS 1.3 that comes while it asks makes it hear nothing more, and hang when it closes.
    trust_in_threads = ssl.create_default_context(cafile=certificate / "dish.pem")
    trust_in_threads.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with httpx.Client(base_url=url, verify=trust, headers={"Origin": url}, timeout=30) as client:
            end = time.monotonic() + 30
            while True:
                try:
                    client.get("/health")
                    break
                except httpx.TransportError:
                    assert process.poll() is None and time.monotonic() < end, "the proxy does not answer"
                    time.sleep(0.1)
            signed_in = client.post("/api/auth/login", json={"username": name, "password": PASSWORD})
            assert signed_in.status_code == 200, signed_in.text
            (cookie,) = [each for each in signed_in.headers.get_list("set-cookie") if "refresh" in each]
            assert "secure" in cookie.lower(), "a cookie that may go out without TLS"
            assert client.post("/api/auth/refresh").status_code == 200
            token = signed_in.json()["access_token"]
            assert "<!doctype html" in client.get("/observe").text.lower()
            with watch(url, token=token, ssl=trust_in_threads, origin=url) as socket:
                socket.command("weather.set_sensor_value", sensor_id="temperature", value=22.5)
                assert socket.until(lambda told: told.get("id") == "temperature" and told["value"] == 22.5)
    finally:
        process.kill()
        process.wait()
