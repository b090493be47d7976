# SPDX-License-Identifier: Apache-2.0
"""validate.py SCHEMA CHECKED...: the plan of each `asrun check --json` is valid, a spoilt one not."""
import copy
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
validator = jsonschema.Draft202012Validator(schema)
jsonschema.Draft202012Validator.check_schema(schema)
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        plan = json.load(file)["plan"]
    validator.validate(plan)
    for group, key, value in (("load", "rate", 4), ("load", "zebra", 1), ("target", "url", None)):
        spoilt = copy.deepcopy(plan)
        spoilt[group][key] = value
        assert not validator.is_valid(spoilt), f"{name}: {group}.{key} = {value} passes the schema"
