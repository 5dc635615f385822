# SPDX-License-Identifier: BSD-3-Clause
"""moto's S3 with a user and a bucket, there before the first request comes."""

import json
import os
import pathlib
import sys

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"  # signatures are checked from the first one on

from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from moto.s3.models import s3_backends  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket("objects", "us-east-1")
iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
iam.create_user("us-east-1", "astro")
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy("astro", "all", json.dumps(everything))
key = iam.create_access_key("astro")
(folder / "access_key").write_text(key.access_key_id)
(folder / "secret_key").write_text(key.secret_access_key)
run_simple("127.0.0.1", port, DomainDispatcherApplication(create_backend_app), threaded=True)
