"""`sightline schema`: the JSON Schema of the configuration file, for editors."""

import argparse
import json

from gateway.config import json_schema
from gateway.wire.exit_codes import ExitCode


class SchemaCommand:
    name = "schema"
    help = "print the JSON Schema of the configuration file"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """There is nothing to choose."""

    def run(self, arguments: argparse.Namespace) -> int:
        print(json.dumps(json_schema(), indent=2))
        return ExitCode.OK


command = SchemaCommand()
