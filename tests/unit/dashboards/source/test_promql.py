"""What every selector of a dashboard gets besides what was written."""

import pytest

from dashboards.source.promql import scoped


def test_a_selector_gets_the_variables_whose_labels_its_metric_has() -> None:
    assert scoped("sum(sightline_workers)") == 'sum(sightline_workers{job=~"$job",instance=~"$instance"})'
    assert scoped("sightline_upstream_pending") == (
        'sightline_upstream_pending{job=~"$job",instance=~"$instance",upstream=~"$upstream"}'
    )


def test_a_label_that_is_asked_for_is_left_alone() -> None:
    assert scoped('sightline_http_requests_total{route="_unmatched"}') == (
        'sightline_http_requests_total{job=~"$job",instance=~"$instance",route="_unmatched"}'
    )


def test_recorded_series_have_the_labels_their_names_begin_with() -> None:
    assert scoped("job_route:sightline_x:rate5m") == 'job_route:sightline_x:rate5m{job=~"$job",route=~"$route"}'


def test_names_in_labels_are_no_metrics() -> None:
    assert scoped("sum by (upstream) (up)") == 'sum by (upstream) (up{job=~"$job",instance=~"$instance"})'


def test_a_metric_that_nobody_exports_is_an_error() -> None:
    with pytest.raises(ValueError, match="sightline_caches is not in the catalogue"):
        scoped("sightline_caches")
