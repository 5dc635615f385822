# SPDX-License-Identifier: BSD-3-Clause
"""`astro check --open` with transports of the site, through real brokers."""

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
