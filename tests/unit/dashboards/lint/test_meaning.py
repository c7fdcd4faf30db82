"""Labels and measures of PromQL expressions, found without running them."""

import pytest

from dashboards.lint.meaning import Wrong, meaning_of, parse, selectors

REQUESTS = "rate(sightline_http_requests_total[$__rate_interval])"
BUCKETS = "rate(sightline_http_request_duration_seconds_bucket[1m])"


@pytest.mark.parametrize(
    ("expr", "measure"),
    [
        (REQUESTS, (1, -1, 0)),
        ("increase(sightline_http_requests_total[5m])", (1, 0, 0)),
        (f"sum({REQUESTS}) / (sum({REQUESTS}) > 0)", (0, 0, 0)),
        ("rate(sightline_http_response_bytes_total[1m])", (0, -1, 1)),
        ("rate(sightline_process_cpu_seconds_total[1m])", (0, 0, 0)),
        ("time() - sightline_config_source_last_read_timestamp_seconds", (0, 1, 0)),
        ("sightline_process_resident_memory_bytes", (0, 0, 1)),
        ("sightline_event_loop_busy_ratio", (0, 0, 0)),
        ("count(sightline_config_info)", (1, 0, 0)),
        (f"histogram_quantile(0.99, sum by (le) ({BUCKETS}))", (0, 1, 0)),
        ("histogram_quantile(0.99, sum(rate(sightline_http_request_duration_seconds[1m])))", (0, 1, 0)),
        ("histogram_count(rate(sightline_http_request_duration_seconds[1m]))", (1, -1, 0)),
        ("histogram_sum(rate(sightline_http_request_duration_seconds[1m]))", (0, 0, 0)),
        ("job_route:sightline_slo_errors_per_request:ratio_rate1h", (0, 0, 0)),
        (
            "rate(sightline_config_apply_duration_seconds_sum[1m]) / rate(sightline_config_apply_duration_seconds_count[1m])",
            (-1, 1, 0),
        ),
    ],
)
def test_the_measure_follows_from_names_and_operations(expr: str, measure: tuple[int, int, int]) -> None:
    assert meaning_of(parse(expr)).measure == measure


@pytest.mark.parametrize(
    ("expr", "labels"),
    [
        ("sum(sightline_workers)", set()),
        ("sum by (state) (sightline_workers)", {"state"}),
        ("sum without (state) (sightline_workers)", {"job", "instance"}),
        ("sightline_workers > 0", {"job", "instance", "state"}),
        (f"histogram_quantile(0.5, sum by (route,le) ({BUCKETS}))", {"route"}),
        (f'sum by (class) (label_replace({REQUESTS}, "class", "$1", "code", "(.).."))', {"class"}),
        (
            "sightline_build_info * on (job,instance) group_left (revision) sightline_config_info",
            {"job", "instance", "version", "python", "compiled", "revision"},
        ),
    ],
)
def test_the_labels_follow_from_the_catalogue(expr: str, labels: set[str]) -> None:
    assert meaning_of(parse(expr)).labels == labels


@pytest.mark.parametrize(
    ("expr", "complaint"),
    [
        ("sum by (", "does not parse"),
        ("sightline_nothing", "not in the catalogue"),
        ('sightline_workers{type="x"}', "has no label type"),
        ("sum by (type) (sightline_workers)", "sum by type"),
        ("histogram_quantile(0.9, sightline_workers)", "no histogram"),
        (f"histogram_quantile(0.9, sum({BUCKETS}))", "without le"),
        ("histogram_sum(sightline_workers)", "no histogram"),
        ("histogram_count(sightline_workers)", "no histogram"),
        ('label_replace(sightline_workers, "a", "$1", "code", "(.)")', "label_replace from code"),
        ("sightline_workers + sightline_process_resident_memory_bytes", "never match"),
        ("sum(sightline_workers) + sum(sightline_process_resident_memory_bytes)", "of (1, 0, 0) and (0, 0, 1)"),
        ("sum by (state) (sightline_workers) or sum(sightline_workers)", "different labels"),
        ("sightline_workers * on (route) sightline_build_info", "on route"),
        ("sightline_workers * on (job) group_left (revision) sightline_build_info", "group_left revision"),
        ("predict_linear(sightline_workers[1m], 5)", "predict_linear is not used"),
        ("job_route:sightline_x:wisdom", "does not say what was recorded"),
        ("max_over_time(sightline_workers[1m:1s])", "SubqueryExpr is not used"),
    ],
)
def test_what_cannot_mean_anything_is_named(expr: str, complaint: str) -> None:
    with pytest.raises(Wrong) as raised:
        meaning_of(parse(expr))
    assert complaint in str(raised.value)


def test_selectors_are_found_with_their_windows() -> None:
    found = [(selector.name, window is not None) for selector, window in selectors(parse(f"up + sum({REQUESTS})"))]
    assert found == [("up", False), ("sightline_http_requests_total", True)]
