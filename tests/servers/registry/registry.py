# SPDX-License-Identifier: BSD-3-Clause
"""A schema registry for tests, as small as the published routes allow: no runnable one is to be had from the package
registries (Karapace is not on PyPI, Apicurio's server is not on Maven Central). Like Apicurio it has two doors:

Confluent's REST API (schemas by id; subjects, versions, look-up; compatibility, BACKWARD unless said otherwise), and
`/apis/registry/v2/ids/...`, where Apicurio's converter for Kafka Connect asks for a schema by its id."""

import http.server
import json
import pathlib
import re
import sys
import threading

KEPT = pathlib.Path(sys.argv[1]) / "registry.json"
PROMOTIONS = {"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"}, "string": {"bytes"}, "bytes": {"string"}}
LEVELS = {"NONE", "BACKWARD", "FORWARD", "FULL"}


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.answer = status, {"error_code": code, "message": message}


def kind(schema):
    return "union" if isinstance(schema, list) else kind(schema["type"]) if isinstance(schema, dict) else schema


def can_read(reader, writer):
    """Why a reader cannot read what the writer wrote (Avro 1.11, schema resolution), or None."""
    if kind(writer) == "union":
        return next(filter(None, (can_read(reader, branch) for branch in writer)), None)
    if kind(reader) == "union":
        return None if any(can_read(branch, writer) is None for branch in reader) else f"no branch of {reader} reads {writer}"
    if kind(reader) != kind(writer):
        return None if kind(reader) in PROMOTIONS.get(kind(writer), ()) else f"{kind(writer)} is not read as {kind(reader)}"
    if kind(reader) == "enum":
        unknown = set(writer["symbols"]) - set(reader["symbols"])
        return f"unknown symbols {unknown}" if unknown and "default" not in reader else None
    if kind(reader) == "record":
        written = {field["name"]: field["type"] for field in writer["fields"]}
        for field in reader["fields"]:
            if field["name"] not in written:
                if "default" not in field:
                    return f"the field {field['name']} has no default"
            elif why := can_read(field["type"], written[field["name"]]):
                return f"{field['name']}: {why}"
    return None


class Registry:
    def __init__(self):
        kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        self.schemas = kept.get("schemas", [])  # the id is the place, from 1
        self.subjects = kept.get("subjects", {})  # ids by version, from 1
        self.levels = kept.get("levels", {})

    def keep(self):
        KEPT.write_text(json.dumps(vars(self)))

    def versions(self, subject):
        if subject not in self.subjects:
            raise Refused(404, 40401, f"Subject '{subject}' not found.")
        return self.subjects[subject]

    def version(self, subject, number):
        versions = self.versions(subject)
        at = len(versions) if number == "latest" else int(number)
        if not 0 < at <= len(versions):
            raise Refused(404, 40402, f"Version {number} not found.")
        return {"subject": subject, "version": at, "id": versions[at - 1], "schema": self.schemas[versions[at - 1] - 1]}

    def schema(self, number):
        if not 0 < int(number) <= len(self.schemas):
            raise Refused(404, 40403, f"Schema {number} not found")
        return self.schemas[int(number) - 1]

    def level(self, subject=None):
        return self.levels.get(subject) or self.levels.get("") or "BACKWARD"

    def incompatibility(self, subject, text, against):
        new, old, level = json.loads(text), json.loads(against), self.level(subject)
        return (level in ("BACKWARD", "FULL") and can_read(new, old)) or (level in ("FORWARD", "FULL") and can_read(old, new)) or None

    def find(self, subject, text):
        wanted = json.loads(text)
        for number in range(1, len(self.versions(subject)) + 1):
            found = self.version(subject, number)
            if json.loads(found["schema"]) == wanted:
                return found
        raise Refused(404, 40403, "Schema not found")

    def register(self, subject, text):
        try:
            if kind(json.loads(text)) not in ("record", "enum", "fixed", "array", "map"):
                json.loads(text)["type"]
        except (ValueError, TypeError, KeyError):
            raise Refused(422, 42201, "Invalid schema") from None
        try:
            return {"id": self.find(subject, text)["id"]}
        except Refused:
            versions = self.subjects.setdefault(subject, [])
        why = versions and self.incompatibility(subject, text, self.schemas[versions[-1] - 1])
        if why:
            raise Refused(409, 409, f"Schema being registered is incompatible with an earlier schema: {why}")
        if text not in self.schemas:
            self.schemas.append(text)
        versions.append(self.schemas.index(text) + 1)
        self.keep()
        return {"id": versions[-1]}

    def set_level(self, subject, level):
        if level not in LEVELS:
            raise Refused(422, 42203, f"Invalid compatibility level {level}")
        self.levels[subject] = level
        self.keep()
        return {"compatibility": level}

    def compatible(self, subject, number, text):
        why = self.incompatibility(subject, text, self.version(subject, number)["schema"])
        return {"is_compatible": why is None, "messages": [why] if why else []}


REGISTRY, LOCK = Registry(), threading.Lock()
ROUTES = [
    ("GET", r"/subjects", lambda body: sorted(REGISTRY.subjects)),
    ("POST", r"/subjects/([^/]+)", lambda body, subject: REGISTRY.find(subject, body["schema"])),
    ("GET", r"/subjects/([^/]+)/versions", lambda body, subject: list(range(1, len(REGISTRY.versions(subject)) + 1))),
    ("POST", r"/subjects/([^/]+)/versions", lambda body, subject: REGISTRY.register(subject, body["schema"])),
    ("GET", r"/subjects/([^/]+)/versions/(\d+|latest)", lambda body, subject, number: REGISTRY.version(subject, number)),
    ("GET", r"/schemas/ids/(\d+)", lambda body, number: {"schema": REGISTRY.schema(number)}),
    ("GET", r"/config", lambda body: {"compatibilityLevel": REGISTRY.level()}),
    ("PUT", r"/config", lambda body: REGISTRY.set_level("", body["compatibility"])),
    ("GET", r"/config/([^/]+)", lambda body, subject: {"compatibilityLevel": REGISTRY.level(subject)}),
    ("PUT", r"/config/([^/]+)", lambda body, subject: REGISTRY.set_level(subject, body["compatibility"])),
    ("POST", r"/compatibility/subjects/([^/]+)/versions/(\d+|latest)", lambda body, *which: REGISTRY.compatible(*which, body["schema"])),
    ("GET", r"/apis/registry/v2/ids/(?:globalIds|contentIds)/(\d+)", lambda body, number: json.loads(REGISTRY.schema(number))),
    ("GET", r"/apis/registry/v2/ids/(?:globalIds|contentIds)/\d+/references", lambda body: []),
]


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0].removeprefix("/apis/ccompat/v7")
        try:
            for method, pattern, act in ROUTES:
                if method == self.command and (found := re.fullmatch(pattern, path)):
                    with LOCK:
                        status, said = 200, act(json.loads(body or b"{}"), *found.groups())
                    break
            else:
                raise Refused(404, 404, "HTTP 404 Not Found")
        except Refused as refused:
            status, said = refused.answer
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if path.startswith("/apis/") else "application/vnd.schemaregistry.v1+json")
        self.send_header("X-Registry-ArtifactType", "AVRO")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer


ADDRESS = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"
http.server.ThreadingHTTPServer((ADDRESS, int(sys.argv[2])), Door).serve_forever()
