"""Everything the gateway measures, in the format a scraper prefers: Prometheus text, OpenMetrics 1.0, or protobuf messages."""

import time

from prometheus_client.exposition import choose_encoder

from gateway.telemetry.background import stand_back
from gateway.telemetry.exposition.negotiation import Format, choose_format
from gateway.telemetry.exposition.protobuf import write_families, write_registry
from gateway.telemetry.exposition.text import StoreCollector, TextWriter, to_metric
from gateway.telemetry.instruments import SupervisorInstruments
from gateway.telemetry.store import MetricsStore

__all__ = ["Exposition", "Format", "StoreCollector", "to_metric"]

_ENCODE_TEXT, _ = choose_encoder("")
_ENCODE_OPENMETRICS, _ = choose_encoder("application/openmetrics-text;version=1.0.0")


class Exposition:
    """Renders everything the gateway measures. May be called in a thread while reports are being absorbed."""

    def __init__(self, store: MetricsStore, instruments: SupervisorInstruments) -> None:
        self._store = store
        self._instruments = instruments
        self._text = TextWriter()

    def render(self, accept: str) -> tuple[bytes, str]:
        """Body and content type, in the format the Accept field prefers; protobuf only where native histograms are on."""
        stand_back()
        started_s = time.perf_counter()
        chosen = choose_format(accept, with_protobuf=self._store.native_histograms)
        families, registry = self._store.families(), self._instruments.registry
        if chosen is Format.PROTOBUF:
            body, samples = write_families(families, self._store.exemplars)
            body += write_registry(registry)
        else:
            exemplars = self._store.exemplars if chosen is Format.OPENMETRICS else None
            encode_own = _ENCODE_TEXT if exemplars is None else _ENCODE_OPENMETRICS
            text, samples = self._text.write(families, exemplars, encode_own(registry).decode())
            body = text.encode()
        self._instruments.samples.set(samples)
        self._instruments.scrape_bytes.set(len(body))
        self._instruments.render_seconds.set(time.perf_counter() - started_s)
        return body, chosen.value
