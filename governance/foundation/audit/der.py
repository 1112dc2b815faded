"""What of DER is needed to read the answers of authorities that do not keep to it.

The certificates that a time stamp carries are a set, whose members DER puts in order. OpenSSL does not, nor do the
authorities built on it, and `rfc3161-client` reads no such answer. No signature is over the set, so it is put in order.
"""

from typing import NamedTuple

CERTIFICATES = 0xA0  # [0], where it follows what was signed


class Value(NamedTuple):
    tag: int
    start: int  # of its tag
    content: int
    end: int


def values(data: bytes, start: int, end: int) -> list[Value]:
    """The values that follow one another there. Raises ValueError where it is no DER."""
    found = []
    while start < end:
        tag, size, content = data[start], data[start + 1], start + 2
        if size & 0x80:
            count = size & 0x7F
            size, content = int.from_bytes(data[content : content + count], "big"), content + count
            if not 1 <= count <= 4:
                raise ValueError("a length is spelt as none in DER")
        if content + size > end:
            raise ValueError("it is cut off")
        found.append(Value(tag, start, content, content + size))
        start = content + size
    return found


def with_certificates_in_order(answer: bytes) -> bytes:
    """A time-stamping authority's answer (RFC 3161), its certificates in order. Raises ValueError where it is none."""
    try:
        (whole,) = values(answer, 0, len(answer))
        _, token = values(answer, whole.content, whole.end)
        _, wrapped = values(answer, token.content, token.end)
        (signed,) = values(answer, wrapped.content, wrapped.end)
        _, _, _, certificates, *_ = values(answer, signed.content, signed.end)
    except IndexError:
        raise ValueError("it is cut off") from None
    if certificates.tag != CERTIFICATES:
        raise ValueError("it carries no certificates")
    each = sorted(answer[one.start : one.end] for one in values(answer, certificates.content, certificates.end))
    return answer[: certificates.content] + b"".join(each) + answer[certificates.end :]
