"""What the README says about the configuration is what the program does."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gateway.config import json_schema, load_text

README: Final = (Path(__file__).resolve().parents[2] / "README.md").read_text()


class Core(yaml.SafeLoader):
    """Reads `on` as the text it is, as the gateway does; it makes plain values like the loader it is derived from."""


Core.yaml_implicit_resolvers = {
    first: resolvers for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items() if first not in "oO"
}


def is_not_yet(described: dict[str, Any]) -> bool:
    """Whether a key belongs to a later version: all it takes is what asks for nothing."""
    takes_nothing = 0 in (described.get("maxProperties"), described.get("maxItems"))
    return takes_nothing or described.get("description") == "Not yet supported."


def every_key_block() -> str:
    return README.split("<!-- every key:", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]


def schema_keys(schema: dict[str, Any], definitions: dict[str, Any], path: str) -> dict[str, Any]:
    """Path of every key the schema knows to its default, or to None; `[]` stands for items and `*` for free names."""
    if "$ref" in schema:
        return schema_keys(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions, path)
    found: dict[str, Any] = {}
    for alternative in schema.get("anyOf", []):
        found |= schema_keys(alternative, definitions, path)
    for name, described in schema.get("properties", {}).items():
        if not is_not_yet(described):
            found[f"{path}.{name}"] = described.get("default")
            found |= schema_keys(described, definitions, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        found |= schema_keys(schema["items"], definitions, f"{path}[]")
    for inner in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        if isinstance(inner, dict):
            found |= schema_keys(inner, definitions, f"{path}.*")
    return found


def written_values(value: Any, path: str, known: dict[str, Any]) -> dict[str, list[Any]]:
    """Path of every key of the block to the values it has there."""
    found: dict[str, list[Any]] = {}
    if isinstance(value, dict):
        for name, inner in value.items():
            inner_path = f"{path}.{name}" if f"{path}.{name}" in known else f"{path}.*"
            found.setdefault(inner_path, []).append(inner)
            for deeper, values in written_values(inner, inner_path, known).items():
                found.setdefault(deeper, []).extend(values)
    if isinstance(value, list):
        for item in value:
            for deeper, values in written_values(item, f"{path}[]", known).items():
                found.setdefault(deeper, []).extend(values)
    return found


@pytest.fixture
def known() -> dict[str, Any]:
    schema = json_schema()
    return schema_keys(schema, schema["$defs"], "")


def test_the_block_of_every_key_is_a_configuration_that_can_run(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length\n")
    text = every_key_block().replace("/etc/sightline/grafana.token", str(token))
    environ = {name: f"a-value-of-{name}-for-tests" for name in re.findall(r"\$\{([A-Z_]+)\}", text)}
    configuration = load_text(text, "README.md", 1, environ)
    assert configuration.warnings == ()


def test_the_block_of_every_key_has_every_key(known: dict[str, Any]) -> None:
    written = written_values(yaml.load(every_key_block(), Core), "", known)
    assert sorted(set(known) - set(written)) == []


def test_the_block_of_every_key_shows_the_defaults(known: dict[str, Any]) -> None:
    written = written_values(yaml.load(every_key_block(), Core), "", known)
    scalars = {path: default for path, default in known.items() if isinstance(default, (str, int, float))}
    assert {path: written[path] for path, default in scalars.items() if default not in written[path]} == {}


def test_the_small_example_is_a_configuration_that_can_run() -> None:
    text = README.split("```yaml\n", 1)[1].split("```", 1)[0]
    assert load_text(text, "README.md", 1, {}).warnings == ()


def test_the_first_example_has_the_revision_that_is_said_to_be_checked() -> None:
    example = re.search(r"```yaml\n(# gateway\.yaml\n.+?)```.+?revision ([0-9a-f]{12})", README, re.DOTALL)
    assert example is not None
    assert load_text(example[1], "gateway.yaml", 1, {}).snapshot.revision == example[2]
