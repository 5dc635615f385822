# SPDX-License-Identifier: BSD-3-Clause
"""Three machines on a hill: each in a network of its own, and the brokers between them and the town."""

import subprocess

from astro import new_id

NODES = ("movement", "receiver", "handset")


class Hill:
    """A bridge that stands for the air between hill and town; behind it a network namespace for each machine."""

    def __init__(self):
        self.tag = new_id()[-6:]
        self.net = f"10.{int(self.tag[:2], 16)}.{int(self.tag[2:4], 16)}"
        self.bridge = f"astro{self.tag}"
        self.address = f"{self.net}.1"

    def __enter__(self):
        self.ip(f"link add {self.bridge} type bridge", f"address add {self.address}/24 dev {self.bridge}", f"link set {self.bridge} up")
        for number, node in enumerate(NODES):
            near, space = f"a{self.tag}{number}", self.space(node)
            self.ip(
                f"netns add {space}",
                f"link add {near} type veth peer name town netns {space}",
                f"link set {near} master {self.bridge} up",
                f"-n {space} address add {self.net}.{number + 2}/24 dev town",
                f"-n {space} link set town up",
                f"-n {space} link set lo up",
            )
        return self

    def __exit__(self, *_):
        for node in NODES:
            subprocess.run(["ip", "netns", "delete", self.space(node)])
        subprocess.run(["ip", "link", "delete", self.bridge])

    @staticmethod
    def ip(*commands):
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True)

    def space(self, node):
        return f"astro-{self.tag}-{node}"

    def within(self, node):
        return ["ip", "netns", "exec", self.space(node)]

    def mosquitto(self, start_server):
        """Its port, and the transport's line in a site file; reached from the hill and from loopback."""
        server = start_server("mosquitto", f"listener {{PORT}} {self.address}")
        return server.port, f'{{driver: mqtt, url: "mqtt://{self.address}:{server.port}"}}'

    def kafka(self, start_server):
        """The same of Apache Kafka."""
        server = start_server(
            "kafka", "listeners=PLAINTEXT://0.0.0.0:{PORT},CONTROLLER://127.0.0.1:{LAST_PORT}",
            f"advertised.listeners=PLAINTEXT://{self.address}:{{PORT}}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            ports=2,
        )  # fmt: skip
        return server.port, f'{{driver: kafka, brokers: "{self.address}:{server.port}", timeout: 60 s}}'
