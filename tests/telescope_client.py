# SPDX-License-Identifier: BSD-3-Clause
"""The control room of the telescope's topics, with nothing of ours: what it asks for, and how it hears of it."""

import datetime
import uuid

import peers

FINAL = {"completed", "failed", "rejected", "timeout"}
TOPICS = ("telescope.commands", "telescope.acknowledgments", "telescope.data", "telescope.status", "telescope.commands.dlq")


def right_ascension_of_the_meridian(longitude_deg):
    """Degrees, to a tenth of one: Greenwich mean sidereal time (IAU 1982) without its higher terms. What is there is up."""
    since = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime(2000, 1, 1, 12, tzinfo=datetime.timezone.utc)
    return (280.46061837 + 360.98564736629 * since.total_seconds() / 86400.0 + longitude_deg) % 360.0


def observation(seconds, **more):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "target_name": "overhead", "observation_object": "galaxy", "ra": right_ascension_of_the_meridian(-16.0), "dec": 50.0,
        "center_frequency": 1420.4, "rf_gain": 0.0, "if_gain": 0.0, "bb_gain": 0.0, "observation_type": "TARGET_OBSERVATION",
        "integration_time": float(seconds), "output_filename": "", "id": None, "observation_id": f"42-{str(uuid.uuid4())}", "user_id": 7,
        "user": None, "status": "pending", "submitted_at": now, "completed_at": None, "created_at": now, "updated_at": now, **more,
    }  # fmt: skip


class ControlRoom:
    """Speaks as the existing one does, and reads the answers by its own classes whatever the writer's schema is."""

    def __init__(self, port, registry):
        self.port, self.registry = port, registry

    def body(self, command, schema=None):
        return peers.write(self.registry, "telescope.commands", {"timestamp": 1768507200123, **command}, schema)

    def send(self, command, schema=None):
        command = {"command_id": str(uuid.uuid4()), **command}
        peers.send(self.port, "telescope.commands", [(command["command_id"], self.body(command, schema))])
        return command["command_id"]

    def start(self, asked):
        return self.send({"command_type": "start_observation", "observation_request": asked})

    def read(self, topic, messages):
        return [peers.read_ignoring_the_writer(topic, message.value) for message in messages]

    def told(self, command_id, is_enough):
        topic = "telescope.acknowledgments"
        return self.read(topic, peers.collect(self.port, topic, command_id, lambda found: is_enough(self.read(topic, found))))

    def end_of(self, command_id, times=1):
        """All that was told of a command until its end was told so often."""
        return self.told(command_id, lambda found: sum(one["status"] in FINAL for one in found) == times)

    def wait_until_it_observes(self, command_id):
        return self.told(command_id, lambda found: any(one["progress_percent"] for one in found))
