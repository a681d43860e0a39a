#!/usr/bin/python3
# Copyright: katabench authors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for a Docker engine: it remembers containers, networks, volumes and images, runs none, and answers at once.

Speaks as much of the Docker Engine API on /var/run/docker.sock as the collection asks for, and answers the program
`docker` beside it. A node that was started answers CQL's OPTIONS frame at its address; a loader that was started has
ended at once, with the output of a real load in its directory. Reads daemon.json at its start and at SIGHUP.
"""

from __future__ import annotations

import hashlib
import http.server
import itertools
import json
import os
import re
import shutil
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

SOCKET, PIDFILE, CONFIG = Path("/var/run/docker.sock"), Path("/var/run/docker.pid"), Path("/etc/docker/daemon.json")
RECORDED = Path("/usr/local/share/stress-logs")
VERSION, API_VERSION = "28.5.2", "1.43"
SCYLLA = "2026.2.0"
ID_LENGTH = 64
KIB = 1024
CQL_PORT = 9042
# Native protocol v4, section 2: version, flags, stream, opcode, body length.
CQL_HEADER = struct.Struct(">BBhBi")
CQL_SUPPORTED = 0x06
SAMPLES = """\
sampler 1 hz 100 processors 2 throttled -
sample 1000.00 10 0 10 1000 0 0 0 0 10000
sample 1001.00 20 0 20 1180 0 0 0 0 110000
end 0.010 throttled -
"""


class RefusalError(Exception):
    """What the engine does not have, or a question that this stand-in does not know."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def new_id(*words: str) -> str:
    return hashlib.sha256(" ".join([*words, str(time.monotonic_ns())]).encode()).hexdigest()


class Engine:
    """What there is, by name."""

    def __init__(self) -> None:
        self.containers: dict[str, dict] = {}
        self.networks: dict[str, dict] = {}
        self.volumes: dict[str, dict] = {}
        self.images: dict[str, dict] = {}
        self.runtimes: dict[str, dict] = {}
        self.lock = threading.RLock()
        self._addresses = (f"127.1.{number // 250}.{number % 250 + 2}" for number in itertools.count())
        self._listeners: dict[str, socket.socket] = {}
        self.add_network("bridge", {})
        self.read_config()

    def read_config(self, *_signal: object) -> None:
        configured = json.loads(CONFIG.read_text() or "{}") if CONFIG.exists() else {}
        self.runtimes = {"runc": {"path": "runc"}, **configured.get("runtimes", {})}

    # Images and networks

    def add_image(self, reference: str) -> dict:
        if reference not in self.images:
            digest = hashlib.sha256(reference.encode()).hexdigest()
            self.images[reference] = {
                "Id": f"sha256:{digest}",
                "RepoTags": [reference],
                "RepoDigests": [f"{reference.rpartition(':')[0]}@sha256:{digest}"],
                "Created": "2026-01-01T00:00:00Z",
                "Size": 1,
                "Architecture": "amd64",
                "Os": "linux",
                "Config": {"Entrypoint": ["/docker-entrypoint.py"], "Labels": None},
            }
        return self.images[reference]

    def find_image(self, name: str) -> dict:
        for reference, image in self.images.items():
            if name in (reference, image["Id"], reference.removesuffix(":latest")):
                return image
        raise RefusalError(404, f"No such image: {name}")

    def add_network(self, name: str, labels: dict) -> dict:
        self.networks[name] = {
            "Id": new_id("network", name),
            "Name": name,
            "Driver": "bridge",
            "Scope": "local",
            "Labels": labels,
            "Options": {},
            "IPAM": {"Driver": "default", "Config": [{"Subnet": "127.1.0.0/16"}]},
            "Containers": {},
        }
        return self.networks[name]

    # Containers

    def find(self, kind: dict[str, dict], what: str, name: str) -> dict:
        for one in kind.values():
            if name in (one["Id"], one["Name"].removeprefix("/")):
                return one
        raise RefusalError(404, f"No such {what}: {name}")

    def create(self, name: str, asked: dict) -> dict:
        if name in self.containers:
            raise RefusalError(409, f'Conflict. The container name "/{name}" is already in use.')
        host = asked.pop("HostConfig", {}) or {}
        runtime = host.get("Runtime") or "runc"
        if runtime not in self.runtimes:
            raise RefusalError(400, f"Unknown runtime specified {runtime}")
        endpoints = (asked.pop("NetworkingConfig", {}) or {}).get("EndpointsConfig")
        mode = host.get("NetworkMode") or "default"
        joined = endpoints or ["bridge" if mode == "default" else mode]
        container = {
            "Id": new_id("container", name),
            "Name": f"/{name}",
            "Image": self.find_image(asked["Image"])["Id"],
            "Created": "2026-01-01T00:00:00Z",
            "State": {"Status": "created", "Running": False, "Paused": False, "ExitCode": 0, "StartedAt": ""},
            "Config": {"Env": [], "Labels": {}, "Tty": False, **asked},
            "HostConfig": {**host, "Runtime": runtime, "LogConfig": {"Type": "json-file", "Config": {}}},
            "Mounts": [],
            "NetworkSettings": {"Networks": {}, "Ports": {}},
        }
        self.containers[name] = container
        for mount in host.get("Mounts") or []:
            if mount["Type"] == "volume":
                self.add_volume(mount["Source"], (mount.get("VolumeOptions") or {}).get("Labels") or {})
        for network in joined:
            self.join(container, network)
        return container

    def join(self, container: dict, network_name: str) -> None:
        network = self.networks.get(network_name)
        if not network:
            if network_name != "host":
                raise RefusalError(404, f"network {network_name} not found")
            return
        address = next(self._addresses)
        container["NetworkSettings"]["Networks"][network_name] = {
            "NetworkID": network["Id"],
            "IPAddress": address,
            "Aliases": [],
            "Links": None,
            "IPAMConfig": None,
        }
        network["Containers"][container["Id"]] = {"Name": container["Name"].removeprefix("/"), "IPv4Address": address}

    def leave(self, container: dict, network_name: str) -> None:
        container["NetworkSettings"]["Networks"].pop(network_name, None)
        if network_name in self.networks:
            self.networks[network_name]["Containers"].pop(container["Id"], None)

    def add_volume(self, name: str, labels: dict) -> dict:
        made = {"Name": name, "Id": name, "Driver": "local", "Labels": labels, "Options": None, "Scope": "local"}
        return self.volumes.setdefault(name, {**made, "Mountpoint": f"/var/lib/docker/volumes/{name}"})

    def start(self, container: dict) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime())
        container["State"].update(Status="running", Running=True, StartedAt=now)
        command = container["Config"].get("Cmd") or []
        if "cassandra-stress" in command:
            self.load(container, command[command.index("cassandra-stress") :])
            container["State"].update(Status="exited", Running=False)
        elif self.is_node(container):
            self.listen(container)

    def stop(self, container: dict) -> None:
        container["State"].update(Status="exited", Running=False, ExitCode=137)
        if listener := self._listeners.pop(container["Id"], None):
            listener.close()

    def remove(self, container: dict) -> None:
        self.stop(container)
        for network in list(container["NetworkSettings"]["Networks"]):
            self.leave(container, network)
        self.containers.pop(container["Name"].removeprefix("/"))

    # The database

    def is_node(self, container: dict) -> bool:
        return any(str(word).startswith("--smp") for word in container["Config"].get("Cmd") or [])

    def address(self, container: dict) -> str:
        return next((one["IPAddress"] for one in container["NetworkSettings"]["Networks"].values()), "127.0.0.1")

    def listen(self, container: dict) -> None:
        listener = socket.create_server((self.address(container), CQL_PORT))
        self._listeners[container["Id"]] = listener
        threading.Thread(target=self.serve_cql, args=(listener,), daemon=True).start()

    def serve_cql(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return  # The node was stopped.
            with connection:
                frame = connection.recv(CQL_HEADER.size, socket.MSG_WAITALL)
                if len(frame) == CQL_HEADER.size:
                    stream = CQL_HEADER.unpack(frame)[2]
                    connection.sendall(CQL_HEADER.pack(0x84, 0, stream, CQL_SUPPORTED, 2) + b"\0\0")

    def members(self, container: dict) -> list[dict]:
        networks = container["NetworkSettings"]["Networks"].keys()
        return [
            one
            for one in self.containers.values()
            if self.is_node(one) and one["State"]["Running"] and networks & one["NetworkSettings"]["Networks"].keys()
        ]

    def status(self, container: dict) -> str:
        rows = [
            f"UN  {self.address(one)}  101.17 KiB  256  50.0%  {one['Id'][:8]}-0000-4000-8000-{one['Id'][:12]}  rack1"
            for one in self.members(container)
        ]
        head = (
            "Datacenter: datacenter1\n=======================\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n"
        )
        return head + "\n".join(["--  Address  Load  Tokens  Owns  Host ID  Rack", *rows]) + "\n"

    def measure(self, container: dict, node: str) -> str:
        """Print what the collection's measure.sh prints in a container with these limits."""
        host = container["HostConfig"]
        memory = host.get("Memory") or 0
        return (
            f"node {node}\nkernel_release {os.uname().release}\nmemory_total_kib {memory // KIB}\n"
            f"memory_limit_bytes {memory}\naio_max_nr 1048576\ndata_filesystem ext4\ncpuset 0-63\nprocessors 64\n"
            f"cpu_quota {(host.get('NanoCpus') or 0) // 10000} 100000\n"
        )

    def load(self, container: dict, command: list[str]) -> None:
        """Leave the output of a real load where the loader would."""
        binds = [bind.split(":") for bind in container["HostConfig"].get("Binds") or []]
        directory = Path(next(bind[0] for bind in binds if bind[1] == "/output"))
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(RECORDED / command[1] / "stdout", directory / "stdout")
        shutil.copyfile(RECORDED / command[1] / "stderr", directory / "stderr")
        shutil.copyfile(RECORDED / "fixed-hdr" / "fixed.hdr", directory / "hdr")
        (directory / "samples").write_text(SAMPLES)

    # The program docker

    def answer(self, argv: list[str]) -> str:
        """Return what a command line prints; what cannot be done is a RefusalError."""
        while argv and argv[0] == "--host":
            argv = argv[2:]
        words = argv[:2] if argv[:1] in (["volume"], ["network"]) else argv[:1]
        verb, rest = " ".join(words), argv[len(words) :]
        if verb in ("exec", "run"):
            return {"exec": self.answer_exec, "run": self.answer_run}[verb](rest)
        if verb in ("ps", "volume ls", "network ls"):
            kind = {"ps": self.containers, "volume ls": self.volumes, "network ls": self.networks}[verb]
            filters = {"label": [word.removeprefix("label=") for word in rest if word.startswith("label=")]}
            return "".join(f"{one['Id']}\n" for one in kind.values() if has_labels(one, filters))
        if verb in ("rm", "volume rm", "network rm"):
            for name in [word for word in rest if not word.startswith("--")]:
                self.remove_one(verb, name)
            return ""
        if verb == "import":
            return f"{self.add_image(rest[-1])['Id']}\n"
        container = self.find(self.containers, "container", rest[-1]) if rest else {}
        if verb == "inspect" and rest[:2] == ["--format", "{{ .State.Running }}"]:
            return f"{container['State']['Running']}\n".lower()
        if verb == "wait":
            return f"{container['State']['ExitCode']}\n"
        if verb == "logs":
            return ""
        raise RefusalError(400, f"the stand-in of docker does not know: docker {' '.join(argv)}")

    def remove_one(self, verb: str, name: str) -> None:
        if verb == "rm":
            self.remove(self.find(self.containers, "container", name))
        elif verb == "volume rm":
            self.volumes.pop(self.find(self.volumes, "volume", name)["Name"])
        else:
            self.networks.pop(self.find(self.networks, "network", name)["Name"])

    def answer_exec(self, argv: list[str]) -> str:
        while argv[0].startswith("--"):
            argv = argv[2:]
        container, command = self.find(self.containers, "container", argv[0]), argv[1:]
        if not container["State"]["Running"]:
            raise RefusalError(409, f"container {container['Id']} is not running")
        if command == ["nodetool", "status"]:
            return self.status(container)
        if command == ["nodetool", "compactionstats"]:
            return "pending tasks: 0\n\n"
        if command[:2] == ["sh", "-c"] and "scylla --version" in command[2]:
            return f"{SCYLLA}\n"
        if command[:2] == ["sh", "-c"] and command[3:4] == ["measure"]:
            return self.measure(container, command[5])
        raise RefusalError(400, f"the stand-in of a node does not know: {' '.join(command)[:200]}")

    def answer_run(self, argv: list[str]) -> str:
        if argv[-1] == "version":
            return "Version: 3.21\n"
        if argv[-2:] == ["/bin/uname", "--kernel-release"]:
            under_runc = not any(word.startswith("--runtime=") and word != "--runtime=runc" for word in argv)
            return f"{os.uname().release if under_runc else '4.4.0'}\n"
        raise RefusalError(400, f"the stand-in of docker does not know: docker run {' '.join(argv)[:200]}")


def has_labels(one: dict, filters: dict) -> bool:
    labels = (one.get("Config") or one).get("Labels") or {}
    wanted = [text.partition("=") for text in filters.get("label", [])]
    return all(name in labels and (not equals or labels[name] == value) for name, equals, value in wanted)


def has_name(one: dict, filters: dict) -> bool:
    return not filters.get("name") or any(re.search(pattern, one["Name"]) for pattern in filters["name"])


def read_filters(query: dict) -> dict:
    """Read filters in either form that the API takes: {label: [a=b]} and {label: {a=b: true}}."""
    filters = json.loads(query.get("filters", "{}"))
    return {key: list(values) for key, values in filters.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    """The Engine API, as far as the collection asks."""

    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_GET(self) -> None:
        self.handle_request("GET")

    def do_POST(self) -> None:
        self.handle_request("POST")

    def do_DELETE(self) -> None:
        self.handle_request("DELETE")

    def handle_request(self, method: str) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [unquote(part) for part in re.sub(r"^/v\d+\.\d+/", "/", url.path).strip("/").split("/")]
        try:
            with self.engine.lock:
                status, answer = self.route(method, parts, query, json.loads(body) if body else {})
        except RefusalError as refusal:
            status, answer = refusal.status, {"message": str(refusal)}
        text = answer if isinstance(answer, str) else json.dumps(answer)
        content = b"" if status == http.HTTPStatus.NO_CONTENT else text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def route(self, method: str, parts: list[str], query: dict, body: dict) -> tuple[int, object]:
        kind, rest = parts[0], parts[1:]
        if kind == "stand-in":
            return 200, {"out": self.engine.answer(body["argv"])}
        if kind in ("_ping", "info", "version"):
            return 200, {"_ping": lambda: "OK", "info": self.info, "version": self.version}[kind]()
        if kind in ("containers", "networks", "volumes", "images"):
            # Names of images have slashes.
            *names, verb = rest if len(rest) > 1 else [*rest, ""]
            return getattr(self, kind)(method, "/".join(names), verb, query, body)
        raise RefusalError(404, f"the stand-in of the engine does not know {method} {self.path}")

    def info(self) -> dict:
        containers = self.engine.containers.values()
        return {
            "ID": "stand-in",
            "Name": socket.gethostname(),
            "ServerVersion": VERSION,
            "Driver": "overlay2",
            "DockerRootDir": "/var/lib/docker",
            "CgroupVersion": "2",
            "CgroupDriver": "cgroupfs",
            "OSType": "linux",
            "Architecture": os.uname().machine,
            "NCPU": os.cpu_count(),
            "Containers": len(containers),
            "ContainersRunning": sum(one["State"]["Running"] for one in containers),
            "Images": len(self.engine.images),
            "Runtimes": self.engine.runtimes,
            "DefaultRuntime": "runc",
        }

    def version(self) -> dict:
        return {
            "Platform": {"Name": "stand-in"},
            "Version": VERSION,
            "ApiVersion": API_VERSION,
            "MinAPIVersion": "1.24",
        }

    def containers(self, method: str, name: str, verb: str, query: dict, body: dict) -> tuple[int, object]:
        engine = self.engine
        if (method, name) == ("GET", "json"):
            filters = read_filters(query)
            found = [one for one in engine.containers.values() if has_labels(one, filters) and has_name(one, filters)]
            return 200, [self.listed(one) for one in found if query.get("all") == "1" or one["State"]["Running"]]
        if (method, name) == ("POST", "create"):
            return 201, {"Id": engine.create(query["name"], body)["Id"], "Warnings": []}
        container = engine.find(engine.containers, "container", name)
        if (method, verb) == ("GET", "json"):
            return 200, container
        if (method, verb) == ("GET", "logs"):
            return 200, ""
        if method == "DELETE":
            engine.remove(container)
            return 204, ""
        if verb == "wait":
            return 200, {"StatusCode": container["State"]["ExitCode"]}
        actions = {"start": engine.start, "stop": engine.stop, "kill": engine.stop}
        if verb not in actions:
            raise RefusalError(404, f"the stand-in of the engine does not know {method} {self.path}")
        actions[verb](container)
        return 204, ""

    def listed(self, container: dict) -> dict:
        return {
            "Id": container["Id"],
            "Names": [container["Name"]],
            "Image": container["Config"]["Image"],
            "ImageID": container["Image"],
            "Command": "",
            "Created": 0,
            "Status": container["State"]["Status"],
            "State": container["State"]["Status"],
            "Ports": [],
            "Labels": container["Config"]["Labels"] or {},
        }

    def networks(self, method: str, name: str, verb: str, query: dict, body: dict) -> tuple[int, object]:
        engine = self.engine
        if (method, name) == ("GET", ""):
            return 200, [one for one in engine.networks.values() if has_labels(one, read_filters(query))]
        if (method, name) == ("POST", "create"):
            return 201, {"Id": engine.add_network(body["Name"], body.get("Labels") or {})["Id"], "Warning": ""}
        network = engine.find(engine.networks, "network", name)
        if method == "GET":
            return 200, network
        if method == "DELETE":
            engine.networks.pop(network["Name"])
            return 204, ""
        container = engine.find(engine.containers, "container", body["Container"])
        {"connect": engine.join, "disconnect": engine.leave}[verb](container, network["Name"])
        return 200, ""

    def volumes(self, method: str, name: str, _verb: str, query: dict, body: dict) -> tuple[int, object]:
        engine = self.engine
        if (method, name) == ("GET", ""):
            found = [one for one in engine.volumes.values() if has_labels(one, read_filters(query))]
            return 200, {"Volumes": found, "Warnings": None}
        if (method, name) == ("POST", "create"):
            return 201, engine.add_volume(body["Name"], body.get("Labels") or {})
        volume = engine.find(engine.volumes, "volume", name)
        if method == "DELETE":
            engine.volumes.pop(volume["Name"])
            return 204, ""
        return 200, volume

    def images(self, method: str, name: str, verb: str, query: dict, _body: dict) -> tuple[int, object]:
        engine = self.engine
        if (method, name) == ("GET", "json"):
            wanted = read_filters(query).get("reference")
            return 200, [
                one
                for reference, one in engine.images.items()
                if not wanted or any(reference in (text, f"{text}:{reference.rpartition(':')[2]}") for text in wanted)
            ]
        if (method, name) == ("POST", "create"):
            engine.add_image(f"{query['fromImage']}:{query['tag']}")
            return 200, json.dumps({"status": "Pull complete"}) + "\r\n"
        if (method, verb) == ("GET", "json"):
            return 200, engine.find_image(name)
        raise RefusalError(404, f"the stand-in of the engine does not know {method} {self.path}")

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_words: object) -> None:
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    if "--help" in sys.argv:
        sys.stdout.write("Stands in for dockerd and has no options.\n")
        return
    SOCKET.unlink(missing_ok=True)
    Handler.engine = Engine()
    signal.signal(signal.SIGHUP, Handler.engine.read_config)
    PIDFILE.write_text(f"{os.getpid()}\n")
    Server(str(SOCKET), Handler).serve_forever()


if __name__ == "__main__":
    main()
