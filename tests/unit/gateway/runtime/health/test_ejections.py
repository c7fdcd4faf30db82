"""How long an endpoint is out, the first time and again."""

from gateway.model.clock import SECOND_NS
from gateway.model.health import PassiveCheck
from gateway.runtime.health.ejections import EjectionRecord, Proof

CHECK = PassiveCheck(eject_for_ns=10 * SECOND_NS, max_eject_for_ns=60 * SECOND_NS)
PROOF = Proof("passive", "passive x5", "5 failures in a row")


def test_each_ejection_is_twice_as_long_up_to_a_limit() -> None:
    record, now_s, lengths = EjectionRecord(), 100.0, []
    for _ in range(5):
        ejection = record.eject(CHECK, PROOF, now_s)
        lengths.append(ejection.for_s)
        assert ejection.until_s == now_s + ejection.for_s
        now_s = ejection.until_s
        record.end(now_s)
    assert lengths == [10, 20, 40, 60, 60]
    assert (record.count, record.current) == (5, None)


def test_quiet_as_long_as_the_last_one_takes_a_doubling_back() -> None:
    record = EjectionRecord()
    record.eject(CHECK, PROOF, 0.0)
    record.end(10.0)
    assert record.eject(CHECK, PROOF, 15.0).for_s == 20
    record.end(35.0)
    assert record.eject(CHECK, PROOF, 60.0).for_s == 20
    record.end(80.0)
    assert record.eject(CHECK, PROOF, 1000.0).for_s == 10


def test_a_limit_below_the_first_length_holds() -> None:
    short = PassiveCheck(eject_for_ns=10 * SECOND_NS, max_eject_for_ns=10 * SECOND_NS)
    record = EjectionRecord()
    for _ in range(40):
        assert record.eject(short, PROOF, 0.0).for_s == 10
        record.end(0.0)
