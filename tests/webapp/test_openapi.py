# SPDX-License-Identifier: BSD-3-Clause
"""What the OpenAPI says is so: Schemathesis asks every route what its schema allows and what it forbids."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STREAMS = r"/api/camera/stream"  # without an end: tested by hand
OURSELVES = r"/api/auth/(logout|password)$"  # it would end the session that asks


@pytest.fixture(scope="module")
def api(control_room):
    described = control_room.anonymous().get("/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=control_room.url)
    return schema.exclude(path_regex=f"{STREAMS}|{OURSELVES}")


def test_the_api_is_as_it_says(api, control_room):
    headers = dict(control_room.admin().headers)
    told = {}
    for found in api.get_all_operations():
        operation = found.ok()

        @settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case):
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            check()
        except (Exception, BaseExceptionGroup) as fault:  # of all routes, and not of the first alone
            told[operation.label] = [str(each)[:400] for each in getattr(fault, "exceptions", [fault])]
    assert told == {}


def test_each_route_is_described(control_room):
    described = control_room.anonymous().get("/api/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert "429" in route["responses"], f"{method} {path}"
            assert route.get("tags"), f"{method} {path}"
