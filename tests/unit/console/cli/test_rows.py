"""Rows for scripts: what is in them stays what it is, and a field that is not there is no empty column."""

import argparse
import csv
import io
import json

import pytest

from console.cli.options import add_row_format
from console.cli.rows import RowPrinter, check_fields, flattened
from console.client.problems import WrongUsage

ROWS = [
    b'{"route":"a,\\"b\\"","p99_ms":1.5,"slo":{"left":null,"by":{"latency":0.5}},"tags":["x",1],"is_worse":true}',
    b'{"route":"caf\\u00e9\\u009b1m\\n","p99_ms":null,"slo":{},"late":7}',
]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_row_format(parser)
    return parser.parse_args(words)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    RowPrinter(parsed(*words)).print(ROWS)
    return capsys.readouterr().out


def test_without_fields_an_object_is_printed_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "--format", "ndjson").splitlines()
    assert [json.loads(line) for line in lines] == [json.loads(row) for row in ROWS]
    assert "\x9b" not in lines[1]


def test_fields_are_chosen_in_the_order_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--format", "ndjson", "--fields", "slo.by.latency, route")
    assert out.splitlines()[0] == '{"slo.by.latency":0.5,"route":"a,\\"b\\""}'
    assert json.loads(out.splitlines()[1])["slo.by.latency"] is None


def test_comma_separated_rows_have_a_column_for_each_field_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "--format", "csv"))))
    assert rows[0] == {
        "route": 'a,"b"', "p99_ms": "1.5", "slo.left": "", "slo.by.latency": "0.5", "tags": '["x",1]',
        "is_worse": "true", "slo": "", "late": "",
    }  # fmt: skip
    assert (rows[1]["route"], rows[1]["slo"], rows[1]["late"]) == ("café\\x9b1m\\n", "{}", "7")


def test_titles_stand_once_also_where_rows_come_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    printer = RowPrinter(parsed("--format", "csv", "--fields", "p99_ms"))
    for row in ([], ROWS[:1], ROWS[1:]):
        printer.print(row)
    assert capsys.readouterr().out.splitlines() == ["p99_ms", "1.5", '""']


def test_a_field_that_no_row_has_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(WrongUsage, match=r"no field p98_ms; there are: route, p99_ms, slo\.left"):
        RowPrinter(parsed("--format", "csv", "--fields", "route,p98_ms")).print(ROWS)


@pytest.mark.parametrize("words", [("--fields", "a"), ("--json", "--fields", "a")])
def test_fields_of_a_format_that_has_all_are_an_error(words: tuple[str, ...]) -> None:
    with pytest.raises(WrongUsage, match="goes with --format ndjson or csv"):
        check_fields(parsed(*words))


def test_names_are_named() -> None:
    with pytest.raises(argparse.ArgumentError, match="expected names"):
        parsed("--fields", "a,,b")


def test_objects_within_are_flattened_and_lists_are_not() -> None:
    assert flattened({"a": {"b": {"c": 1}, "d": [{"e": 2}]}, "f": {}}) == {"a.b.c": 1, "a.d": [{"e": 2}], "f": {}}
