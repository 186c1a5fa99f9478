#!/usr/bin/env python3
"""Judges lines {"schema":...,"data":...} by python3-jsonschema, which shares no code with ours.

Left out are schemas that it cannot read or whose patterns Python does not know. Formats are not
looked at. Exits with 1 if a document is invalid; without the module it says so and exits with 0.
"""

import json
import re
import sys
import warnings

try:
    warnings.simplefilter("ignore")
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(0)


def dialect_of(schema):
    """The validator of the schema's dialect; of those that name none, what its spellings mean."""
    if isinstance(schema, dict) and "$schema" not in schema:
        text = json.dumps(schema)
        if '"items": [' in text or '"definitions"' in text or '"dependencies"' in text:
            return jsonschema.Draft7Validator
    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)


def main():
    judged = left_out = invalid = 0
    for line in sys.stdin:
        row = json.loads(line)
        try:
            validator = dialect_of(row["schema"])
            validator.check_schema(row["schema"])
            error = next(validator(row["schema"]).iter_errors(row["data"]), None)
        except (jsonschema.SchemaError, re.error, RecursionError):
            left_out += 1
            continue
        judged += 1
        if error is not None:
            invalid += 1
            print("invalid:", error.message[:200], list(error.schema_path), line[:3000])
    print(f"judged by python3-jsonschema {judged}, left out {left_out}, invalid {invalid}")
    if judged < 4 * left_out:
        print("too few were judged")
        sys.exit(1)
    sys.exit(1 if invalid else 0)


if __name__ == "__main__":
    main()
