"""Which gateway a command means."""

from pathlib import Path

import pytest

from console.client.contexts import HOME_URL, Target, Wished, contexts_file, find_context, find_target
from console.client.problems import WrongUsage
from gateway.wire.exit_codes import ExitCode

CONTEXTS = """\
current: blue
contexts:
  - {name: red, url: "http://red:9900/"}
  - {name: blue, url: "http://blue:9900", token_file: TOKEN}
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "sightline" / "contexts.yaml"
    file.parent.mkdir()
    (tmp_path / "token").write_text("secret\n")
    file.write_text(CONTEXTS.replace("TOKEN", str(tmp_path / "token")))
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_without_anything_it_is_the_gateway_at_home(tmp_path: Path) -> None:
    assert find_target(None, None, None, {"HOME": str(tmp_path)}) == Target(url=HOME_URL)


def test_the_file_lies_where_xdg_says() -> None:
    assert contexts_file({"HOME": "/home/ana"}) == Path("/home/ana/.config/sightline/contexts.yaml")
    assert contexts_file({"HOME": "/home/ana", "XDG_CONFIG_HOME": "/x"}) == Path("/x/sightline/contexts.yaml")


def test_the_current_context_is_meant_when_none_is_named(environ: dict[str, str]) -> None:
    target = find_target(None, None, None, environ)
    assert (target.url, target.find_token()) == ("http://blue:9900", "secret")


def test_options_come_before_the_environment_and_that_before_the_file(environ: dict[str, str]) -> None:
    environ |= {"SIGHTLINE_CONTEXT": "red"}
    assert find_target(None, None, None, environ).url == "http://red:9900"
    assert find_target(None, None, "blue", environ).url == "http://blue:9900"
    environ |= {"SIGHTLINE_URL": "http://env:1"}
    assert find_target(None, None, None, environ).url == "http://env:1"
    assert find_target("http://option:1", None, None, environ).url == "http://option:1"


def test_a_token_is_not_sent_to_a_gateway_that_is_named_by_its_url(environ: dict[str, str]) -> None:
    assert find_target("http://elsewhere:1", None, None, environ).find_token() is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("contexts: [{nam: x}]", "unknown field"),
        ("contexts: [", "cannot be used"),
        ("contexts: [{name: red}]\ncurrent: green", "there is no context 'green'"),
    ],
)
def test_a_file_that_is_no_good_says_so(environ: dict[str, str], content: str, words: str) -> None:
    contexts_file(environ).write_text(content)
    with pytest.raises(WrongUsage, match=words) as raised:
        find_target(None, None, None, environ)
    assert raised.value.exit_code is ExitCode.USAGE


def test_a_context_that_is_not_there_names_those_that_are(environ: dict[str, str]) -> None:
    with pytest.raises(WrongUsage, match="there are: red, blue"):
        find_target(None, None, "green", environ)


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:9900", "file:///etc/passwd", "http://x:port", "http://"])
def test_what_is_no_url_of_an_admin_api_is_refused(url: str) -> None:
    with pytest.raises(WrongUsage, match="expected the URL of an admin API"):
        find_target(url, None, None, {})


def test_a_context_has_what_it_says_then_the_defaults_and_options_come_first(environ: dict[str, str]) -> None:
    contexts_file(environ).write_text("""\
defaults: {band: blue, max_rate: 5}
contexts:
  - {name: live, url: "https://live:9900", tags: [prod], band: red, ca_file: /ca.pem, token_cmd: "say it"}
  - {name: test, read_only: true}
""")
    live = find_context(Wished(), environ)
    assert (live.band, live.max_rate, live.is_production, live.starts_read_only) == ("red", 5, True, True)
    assert (live.target.ca_file, live.target.token_cmd) == ("/ca.pem", "say it")
    test = find_context(Wished(context="test"), environ)
    assert (test.band, test.is_production, test.starts_read_only) == ("blue", False, True)
    assert not find_context(Wished(context="test", read_only=False), environ).starts_read_only
    assert not find_context(Wished(), environ | {"SIGHTLINE_READ_ONLY": "no"}).starts_read_only
    assert find_context(Wished(), environ | {"SIGHTLINE_TOKEN_FILE": "/t"}).target.token_cmd is None


def test_a_gateway_without_a_name_is_called_by_its_host(environ: dict[str, str]) -> None:
    assert find_context(Wished(url="http://somewhere:1/x"), environ).name == "somewhere:1"


def test_two_ways_to_the_token_are_one_too_many(environ: dict[str, str]) -> None:
    contexts_file(environ).write_text("contexts: [{name: a, token_file: x, token_cmd: y}]")
    with pytest.raises(WrongUsage, match="'a' has a token_file and a token_cmd"):
        find_context(Wished(), environ)
