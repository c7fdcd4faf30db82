"""Errors as values."""

from gateway.config import ConfigError, ConfigInvalid


def test_an_error_names_file_line_and_key() -> None:
    assert str(ConfigError("f.yaml", 3, "routes[0].name", "missing")) == "f.yaml:3: routes[0].name: missing"
    assert str(ConfigError("f.yaml", 3, "", "not YAML")) == "f.yaml:3: not YAML"
    assert str(ConfigError("f.yaml", 0, "", "cannot be read")) == "f.yaml: cannot be read"


def test_errors_come_in_the_order_of_the_file_and_once() -> None:
    later, earlier = ConfigError("f", 10, "b", "x"), ConfigError("f", 9, "c", "x")
    assert ConfigInvalid([later, earlier, later]).errors == (earlier, later)
    assert str(ConfigInvalid([later, earlier])) == "f:9: c: x\nf:10: b: x"
