"""Commands that reach the gateway the console looks at."""

from pathlib import Path

from console.client.contexts import Context
from console.client.naming import reaching

HERE = Context(name="127.0.0.1:9911", url="http://127.0.0.1:9911")


def test_a_url_is_told_where_the_environment_leads_elsewhere(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert reaching("sightline routes orders", HERE, environ) == "sightline routes --url http://127.0.0.1:9911 orders"
    assert reaching("sightline explain GET /", HERE, environ) == "sightline explain --url http://127.0.0.1:9911 GET /"


def test_nothing_is_told_where_the_environment_leads_there(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "SIGHTLINE_URL": "http://127.0.0.1:9911"}
    for line in ("sightline routes", "sightline explain GET /"):
        assert reaching(line, HERE, environ) == line


def test_a_context_is_told_by_its_name_and_never_with_its_token(tmp_path: Path) -> None:
    (tmp_path / "sightline").mkdir()
    (tmp_path / "sightline" / "contexts.yaml").write_text(
        "contexts: [{name: a, url: 'http://a:1'}, {name: b, url: 'http://b:1', token_cmd: 'echo s3cret'}]"
    )
    context = Context(name="b", url="http://b:1", token_cmd="echo s3cret")
    told = reaching("sightline slo", context, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert told == "sightline slo --context b"
    with_password = Context(name="c", url="http://me:s3cret@c:1")
    assert "s3cret" not in reaching("sightline slo", with_password, {"XDG_CONFIG_HOME": str(tmp_path)})
