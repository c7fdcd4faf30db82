"""The response as it goes to the client: hop-by-hop fields gone, framed anew for this client."""

from gateway.http1.response_head import ResponseHead
from gateway.http1.writer import STATUS_LINES, chunk, field_lines, last_chunk
from gateway.model.headers import Fields
from gateway.proxy.plan import RoutePlan


def encode_response(
    head: ResponseHead, plan: RoutePlan, minor_version: int, *, keep_alive: bool, is_chunked: bool, date: bytes | None
) -> bytes:
    """The head for the client. date: the value to add where the upstream sent none, else None.

    One that others will get alike, from all plans of this form, is left in `head.encoded`.
    """
    is_usual = keep_alive and minor_version == 1 and date is None and head.upgrade is None
    passed = head.passed if plan.rewrite is None else plan.rewrite.edit_response(head.passed)
    length = head.content_length
    if is_usual and length is not None and head.status != 204:
        head.encoded_for = plan.answer_form
        head.encoded = b"%b%bContent-Length: %d\r\n\r\n" % (STATUS_LINES[head.status], field_lines(passed), length)
        return head.encoded
    lines = [STATUS_LINES[head.status], field_lines(passed)]
    if date is not None:
        lines.append(b"Date: %b\r\n" % date)
    if is_chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif length is not None and head.status not in {101, 204}:
        lines.append(b"Content-Length: %d\r\n" % length)
    if head.status == 426 and head.upgrade is not None:
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.upgrade)  # RFC 9110 section 15.5.22.
    if head.status == 101:
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % (head.upgrade or b"websocket"))
    elif not keep_alive:
        lines.append(b"Connection: close\r\n")
    elif minor_version == 0:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def encode_interim(head: ResponseHead) -> bytes:
    return b"%b%b\r\n" % (STATUS_LINES[head.status], field_lines(head.passed))


def frame_payload(payload: bytes, *, is_complete: bool, trailers: Fields | None) -> bytes:
    """A piece of a body as a chunk, with the last chunk and the trailers where this is the end."""
    framed = chunk(payload) if payload else b""
    return framed + last_chunk(trailers) if is_complete else framed
