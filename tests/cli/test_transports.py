# SPDX-License-Identifier: BSD-3-Clause
"""`astro check --open` with transports of the site, through real brokers; and where Kafka keeps what we send."""

import asyncio
import collections

import aiokafka
import aiokafka.admin
import astro as libastro

SITE = """\
site: {{name: Test, latitude: 28 deg, longitude: -16 deg, height: 2390 m}}
transports:
  events: {{{settings}}}
"""


def test_a_broker_that_is_there_and_one_that_refuses_us(astro, tmp_path, start_server):
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    open_to_all = start_server("mosquitto")
    closed = start_server("mosquitto", "allow_anonymous false", f"password_file {passwords}")
    (tmp_path / "good.yaml").write_text(SITE.format(settings=f'driver: mqtt, url: "mqtt://127.0.0.1:{open_to_all.port}"'))
    astro.run("check", "--open", "good.yaml")
    astro.environment["SECRET"] = "open sesame"
    settings = f'driver: mqtt, url: "mqtt://127.0.0.1:{closed.port}", user: teide, password: "${{SECRET}}"'
    (tmp_path / "refused.yaml").write_text(SITE.format(settings=settings))
    ran = astro.run("check", "--open", "refused.yaml", expect=1)
    assert "events" in ran.stderr and "Not authorized" in ran.stderr
    assert "open sesame" not in ran.stdout + ran.stderr


def test_rules_for_kafka_topics_are_read_from_the_site_file(astro, tmp_path):
    rule = "{pattern: telescope/data/#, topic: big.data, partitions: 6, retention: 30 d, compression: lz4, partition_by: topic}"
    (tmp_path / "site.yaml").write_text(SITE.format(settings=f'driver: kafka, brokers: "localhost:9092", topics: ["{{}}"]').replace('"{}"', rule))
    astro.run("check", "site.yaml")
    (tmp_path / "broken.yaml").write_text((tmp_path / "site.yaml").read_text().replace("compression: lz4", "compression: lzma"))
    problems = astro.json("check", "broken.yaml", expect=2)["problems"]
    assert len(problems) == 1 and "lz4" in str(problems[0])


def test_a_url_that_is_none_ends_nothing(astro, tmp_path):
    (tmp_path / "site.yaml").write_text(SITE.format(settings='driver: mqtt, url: "http://127.0.0.1:1"'))
    ran = astro.run("check", "--open", "site.yaml", expect=2)
    assert '"http" is no way to connect' in ran.stderr and "mqtt://host:1883" in ran.stderr


def test_more_partitions_share_the_data_by_observation(tmp_path, start_server):
    broker = f"127.0.0.1:{start_server('kafka', ports=2).port}"
    observations = [f"observation-{i}" for i in range(20)]

    async def administer(what):
        admin = aiokafka.admin.AIOKafkaAdminClient(bootstrap_servers=broker)
        await admin.start()
        try:
            return await what(admin)
        finally:
            await admin.close()

    async def received():
        found = collections.defaultdict(list)
        async with aiokafka.AIOKafkaConsumer("telescope.data", bootstrap_servers=broker, auto_offset_reset="earliest") as consumer:
            for _ in range(3 * len(observations)):
                message = await asyncio.wait_for(consumer.getone(), 60)
                found[message.key.decode()].append((message.partition, int(message.value)))
        return found

    topic = aiokafka.admin.NewTopic("telescope.data", 4, 1)
    asyncio.run(administer(lambda admin: admin.create_topics([topic])))
    (tmp_path / "site.yaml").write_text(SITE.format(settings=f'driver: kafka, brokers: "{broker}", timeout: 60 s'))
    with libastro.Observatory.open(tmp_path / "site.yaml") as site:
        events = site.transport("events")
        for number in range(3):
            for observation in observations:
                events.publish("telescope/data", str(number).encode(), key=observation)
        ticket = events.publish("telescope/status", b"made by us", key="us")
        assert events.confirmed(ticket, at_most_s=60) >= ticket
    found = asyncio.run(received())
    assert len({places[0][0] for places in found.values()}) > 1
    for places in found.values():
        assert len({partition for partition, _ in places}) == 1 and [number for _, number in places] == [0, 1, 2]

    asked = aiokafka.admin.config_resource.ConfigResource("TOPIC", "telescope.status")
    [answer] = asyncio.run(administer(lambda admin: admin.describe_configs([asked])))
    settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert (settings["retention.ms"], settings["compression.type"]) == ("259200000", "snappy")
