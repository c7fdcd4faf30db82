"""What a program has learnt about endpoints and upstreams, as it is passed on: verdicts of active checks, ejections, circuits.

Times that matter are monotonic: both programs run on one machine, whose clock they read.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from gateway.model.breaker import CircuitCause, CircuitState
from gateway.model.health import CheckResult
from gateway.runtime.health.checking import Finding
from gateway.runtime.health.ejections import Ejection, EjectionReason, EjectionRecord, Proof
from gateway.runtime.overrides import Key
from gateway.runtime.succession.messages import KeptCircuit, KeptEjection, KeptVerdict, KeptWorkerCircuit
from gateway.runtime.vitals.circuits import CircuitStatus, WorkerCircuit

Circuits: TypeAlias = Mapping[str, tuple[CircuitStatus, Mapping[int, WorkerCircuit]]]

_RESULTS: Final = frozenset(CheckResult)
_CAUSES: Final = frozenset(CircuitCause)
_STATES: Final = frozenset(CircuitState)
_PROOFS: Final[dict[str, EjectionReason]] = {"passive": "passive", "latency": "latency"}


def kept_verdicts(verdicts: Mapping[Key, tuple[bool, Finding]]) -> list[KeptVerdict]:
    return [
        KeptVerdict(
            upstream=upstream,
            endpoint=endpoint,
            is_up=is_up,
            result=last.result or "",
            evidence=last.evidence,
            at_s=last.at_s,
        )
        for (upstream, endpoint), (is_up, last) in verdicts.items()
    ]


def verdicts_of(kept: Iterable[KeptVerdict]) -> dict[Key, tuple[bool, Finding]]:
    """Without those whose result this program does not know."""
    return {
        (one.upstream, one.endpoint): (one.is_up, Finding(CheckResult(one.result), one.evidence, one.at_s))
        for one in kept
        if one.result in _RESULTS
    }


def kept_ejections(ejections: Mapping[Key, EjectionRecord]) -> list[KeptEjection]:
    return [_kept_ejection(key, record) for key, record in ejections.items()]


def _kept_ejection(key: Key, record: EjectionRecord) -> KeptEjection:
    current = record.current
    proof = None if current is None else current.proof
    return KeptEjection(
        upstream=key[0],
        endpoint=key[1],
        count=record.count,
        doublings=record.doublings,
        returned_s=record.returned_s,
        last_for_s=record.last_for_s,
        until_s=None if current is None else current.until_s,
        reason="" if proof is None else proof.reason,
        brief="" if proof is None else proof.brief,
        evidence="" if proof is None else proof.evidence,
    )


def ejections_of(kept: Iterable[KeptEjection]) -> dict[Key, EjectionRecord]:
    """Without ejections whose reason this program does not know: what of their count there is stays, the endpoint is back."""
    return {(one.upstream, one.endpoint): _ejection_record(one) for one in kept}


def _ejection_record(kept: KeptEjection) -> EjectionRecord:
    current = None
    reason = _PROOFS.get(kept.reason)
    if reason is not None and kept.until_s is not None:
        current = Ejection(Proof(reason, kept.brief, kept.evidence), kept.last_for_s, kept.until_s)
    return EjectionRecord(kept.count, kept.doublings, current, kept.returned_s, kept.last_for_s)


def kept_circuits(circuits: Circuits) -> list[KeptCircuit]:
    return [
        KeptCircuit(
            upstream=upstream,
            since_s=status.since_s,
            reason=status.reason,
            evidence=status.evidence,
            workers=[
                KeptWorkerCircuit(
                    worker=worker,
                    state=known.state,
                    opened_s=known.opened_s,
                    cause=known.cause,
                    requests=known.requests,
                    failures=known.failures,
                )
                for worker, known in workers.items()
            ],
        )
        for upstream, (status, workers) in circuits.items()
    ]


def circuits_of(kept: Iterable[KeptCircuit], workers: int) -> Circuits:
    """Those of as many workers as there are now."""
    return {
        one.upstream: (CircuitStatus(CircuitState.OPEN, one.since_s, one.reason, one.evidence), known)
        for one in kept
        if (known := {each.worker: _worker_circuit(each) for each in one.workers if _is_kept(each, workers)})
    }


def _is_kept(circuit: KeptWorkerCircuit, workers: int) -> bool:
    return 0 < circuit.worker <= workers and circuit.state in _STATES and circuit.cause in _CAUSES


def _worker_circuit(kept: KeptWorkerCircuit) -> WorkerCircuit:
    state, cause = CircuitState(kept.state), CircuitCause(kept.cause)
    return WorkerCircuit(state, kept.opened_s, cause, kept.requests, kept.failures)
