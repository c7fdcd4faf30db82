"""The supervisor's own metrics."""

from prometheus_client import generate_latest

from gateway.telemetry.instruments import SupervisorInstruments


def text_of(instruments: SupervisorInstruments) -> str:
    return generate_latest(instruments.registry).decode()


def test_only_the_running_configuration_is_shown() -> None:
    instruments = SupervisorInstruments()
    instruments.config_applied("aaa", "file", {"routes": 3, "upstreams": 2}, took_s=0.25, at_s=1_790_000_000)
    instruments.config_applied("bbb", "file", {"routes": 4, "upstreams": 2}, took_s=0.5, at_s=1_790_000_060)
    text = text_of(instruments)
    assert 'sightline_config_info{revision="bbb",source="file"} 1.0' in text
    assert 'revision="aaa"' not in text
    assert 'sightline_config_objects{kind="routes"} 4.0' in text
    assert "sightline_config_last_applied_timestamp_seconds 1.79000006e+09" in text
    assert "sightline_config_apply_duration_seconds_count 2.0" in text
    assert "sightline_config_apply_duration_seconds_sum 0.75" in text


def test_reloads_are_counted_by_result_and_the_first_reading_is_none() -> None:
    instruments = SupervisorInstruments()
    instruments.config_read("applied", "start")
    assert 'sightline_config_reloads_total{result="applied"} 0.0' in text_of(instruments)
    instruments.config_read("rejected", "file")
    text = text_of(instruments)
    assert 'sightline_config_reloads_total{result="rejected"} 1.0' in text
    assert "sightline_config_last_reload_success 0.0" in text
    instruments.config_read("unchanged", "signal")
    assert "sightline_config_last_reload_success 1.0" in text_of(instruments)


def test_workers_are_shown_by_state() -> None:
    instruments = SupervisorInstruments()
    instruments.workers({"serving": 2, "starting": 1})
    instruments.workers({"serving": 3})
    instruments.worker_restarted("killed")
    text = text_of(instruments)
    assert 'sightline_workers{state="serving"} 3.0' in text
    assert 'sightline_workers{state="starting"} 0.0' in text
    assert 'sightline_worker_restarts_total{reason="killed"} 1.0' in text


def test_states_and_reasons_exist_from_the_start() -> None:
    text = text_of(SupervisorInstruments())
    assert 'sightline_workers{state="backing_off"} 0.0' in text
    assert 'sightline_worker_restarts_total{reason="crashed"} 0.0' in text


def test_there_are_no_creation_times() -> None:
    assert "_created" not in text_of(SupervisorInstruments())


def test_the_process_itself_is_shown() -> None:
    assert "process_resident_memory_bytes" in text_of(SupervisorInstruments())


def test_what_is_handed_in_says_nothing_about_the_source() -> None:
    instruments = SupervisorInstruments()
    instruments.config_read("applied", "start")
    instruments.config_read("rejected", "api")
    assert "sightline_config_last_reload_success 1.0" in text_of(instruments)
    instruments.config_read("rejected", "file")
    instruments.config_read("applied", "rollback")
    assert "sightline_config_last_reload_success 0.0" in text_of(instruments)
    assert 'sightline_config_reloads_total{result="rejected"} 2.0' in text_of(instruments)


def test_the_memory_of_the_rolling_windows_is_asked_for_at_each_scrape() -> None:
    instruments, taken = SupervisorInstruments(), [1000]
    instruments.watch_history(lambda: taken[0], lambda: 5000)
    taken[0] = 2000
    assert "sightline_history_memory_bytes 2000.0" in text_of(instruments)
    assert "sightline_history_memory_limit_bytes 5000.0" in text_of(instruments)
