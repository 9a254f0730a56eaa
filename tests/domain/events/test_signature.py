"""Signatures, also against the published test vector and an independent library."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from smarter_domain.events import InvalidKey, InvalidSignature, SigningKey, sign, verify
from smarter_domain.events import signature as module

OLD = SigningKey(bytes(range(32)))
NEW = SigningKey(bytes(range(32, 72)))
OTHER = SigningKey(b"x" * 24)
BODY = '{"id":"1","name":"Ñandú <&>"}'.encode()
NOW = 1_763_800_000
LABELS = {"identity": "12345678-5", "tenant": "77654321-7"}


def signed(body: bytes = BODY, *, keys=(OLD,), timestamp: int = NOW, webhook_id: str = "msg_1"):
    return sign(body, webhook_id=webhook_id, timestamp=timestamp, keys=keys, **LABELS)


def refusal(headers, body: bytes = BODY, *, keys=(OLD,), now: int = NOW, **limits) -> str:
    with pytest.raises(InvalidSignature) as caught:
        verify(headers, body, keys=keys, now=now, **limits)
    return caught.value.reason


def test_the_published_vector_of_standard_webhooks():
    key = SigningKey.from_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(
        b'{"test": 2432232314}',
        keys=[key],
        timestamp=1614265330,
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    )
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"] == expected


def test_the_published_library_accepts_what_we_sign():
    headers = signed(timestamp=int(time.time()), keys=(NEW, OLD))
    for key in (OLD, NEW):
        assert Webhook(key.text).verify(BODY, headers)["name"] == "Ñandú <&>"


def test_the_published_library_refuses_another_key():
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER.text).verify(BODY, signed(timestamp=int(time.time())))


def test_smos_hmac_is_the_hex_digest_over_timestamp_and_body():
    digest = hmac.new(OLD.raw, b"%d." % NOW + BODY, hashlib.sha256).hexdigest()
    assert signed()["X-SMOS-HMAC"] == f"sha256={digest}"


def test_labels_are_sent_as_given():
    headers = signed()
    assert (headers["X-SMOS-Identity"], headers["X-SMOS-Tenant"]) == ("12345678-5", "77654321-7")


def test_every_live_key_signs_newest_first():
    both = signed(keys=(NEW, OLD))
    alone = [signed(keys=(key,)) for key in (NEW, OLD)]
    for header in ("webhook-signature", "X-SMOS-HMAC"):
        assert both[header].split(" ") == [headers[header] for headers in alone]


@pytest.mark.parametrize("receiver", [(OLD,), (NEW,), (OTHER, OLD), (NEW, OLD)])
def test_a_receiver_with_either_key_accepts_during_rotation(receiver):
    verify(signed(keys=(NEW, OLD)), BODY, keys=receiver, now=NOW)


def test_a_key_that_left_is_refused_after_rotation():
    assert refusal(signed(keys=(NEW,)), keys=(OLD,)) == "no_match"


def test_header_names_may_come_in_any_case():
    upper = {name.upper(): value for name, value in signed().items()}
    verify(upper, BODY, keys=(OLD,), now=NOW)


def test_the_product_header_may_be_absent():
    headers = {name: value for name, value in signed().items() if not name.startswith("X-SMOS")}
    verify(headers, BODY, keys=(OLD,), now=NOW)


def test_signatures_of_other_schemes_beside_ours_are_skipped():
    headers = signed()
    headers["webhook-signature"] = f"v1a,AAAA {headers['webhook-signature']} nonsense"
    verify(headers, BODY, keys=(OLD,), now=NOW)


@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], b"", BODY.replace(b"1", b"2")])
def test_a_changed_body_is_refused(body):
    assert refusal(signed(), body) == "no_match"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v1,"),
        ("X-SMOS-HMAC", "sha256=" + "0" * 64),
    ],
)
def test_a_changed_header_is_refused(header, value):
    assert refusal({**signed(), header: value}) == "no_match"


def test_a_signature_of_another_version_does_not_count_as_ours():
    headers = signed()
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v2,")
    assert refusal(headers) == "no_match"


@pytest.mark.parametrize("shift", [-300, 0, 300])
def test_a_timestamp_within_the_tolerance_is_accepted(shift):
    verify(signed(timestamp=NOW + shift), BODY, keys=(OLD,), now=NOW)


@pytest.mark.parametrize(("shift", "reason"), [(-301, "too_old"), (301, "too_new")])
def test_a_timestamp_outside_the_tolerance_is_refused_both_ways(shift, reason):
    assert refusal(signed(timestamp=NOW + shift)) == reason


def test_the_tolerance_can_be_narrowed():
    assert refusal(signed(timestamp=NOW - 11), tolerance=10) == "too_old"


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(header):
    headers = {name: value for name, value in signed().items() if name != header}
    assert refusal(headers) == "missing_header"
    assert refusal({**headers, header: ""}) == "missing_header"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "-5"),
        ("webhook-timestamp", "1e9"),
        ("webhook-timestamp", "١٢٣"),
        ("webhook-timestamp", "9" * 13),
        ("webhook-id", "msg.1"),
        ("webhook-id", "x" * 256),
        ("webhook-signature", "v1,ñ"),
        ("webhook-signature", "v1,A " * 11),
        ("webhook-signature", "v1," + "A" * 2048),
        ("X-SMOS-HMAC", "sha256=é"),
    ],
)
def test_a_malformed_header_is_refused(header, value):
    assert refusal({**signed(), header: value}) == "malformed_header"


def test_an_empty_product_header_is_refused():
    assert refusal({**signed(), "X-SMOS-HMAC": ""}) == "missing_header"


def test_a_body_over_the_limit_is_refused_before_anything_is_computed(monkeypatch):
    monkeypatch.setattr(module.hmac, "digest", None)
    assert refusal({}, b"x" * 101, max_bytes=100) == "too_large"


def test_without_a_key_nothing_is_signed_and_nothing_accepted():
    assert refusal(signed(), keys=()) == "no_key"
    with pytest.raises(InvalidSignature, match="no live signing key"):
        signed(keys=())


@pytest.mark.parametrize("webhook_id", ["", "msg.1", "a b", "x" * 256, "msg_1\r\nX-Evil: 1"])
def test_an_id_that_would_blur_what_is_signed_is_refused(webhook_id):
    with pytest.raises(InvalidSignature):
        signed(webhook_id=webhook_id)


@pytest.mark.parametrize("place", [0, 3, 7])
def test_as_many_comparisons_are_made_wherever_the_match_stands(monkeypatch, place):
    calls = []
    equal = hmac.compare_digest
    monkeypatch.setattr(
        module.hmac, "compare_digest", lambda *pair: calls.append(1) or equal(*pair)
    )
    headers = {k: v for k, v in signed().items() if k != "X-SMOS-HMAC"}
    values = ["v1,AAAA"] * 8
    values[place] = headers["webhook-signature"]
    verify({**headers, "webhook-signature": " ".join(values)}, BODY, keys=(OTHER, OLD), now=NOW)
    assert len(calls) == 16


def test_a_key_reads_back_from_its_text():
    for key in (OLD, NEW, OTHER, SigningKey.generate()):
        assert SigningKey.from_text(key.text) == key
        assert SigningKey.from_text(key.text.rstrip("=")) == key


def test_two_generated_keys_differ():
    assert SigningKey.generate() != SigningKey.generate()


def test_a_key_shows_nothing_of_itself():
    assert repr(OLD) == "SigningKey()"


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_AAAA", "whsec_" + "A" * 120, "whsec_!!!!" + "A" * 40, None, 5,
     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_ñ" + "A" * 40],
)  # fmt: skip
def test_what_is_not_a_key_is_refused_without_repeating_it(text):
    with pytest.raises(InvalidKey) as caught:
        SigningKey.from_text(text)
    assert not text or len(str(text)) < 8 or str(text) not in str(caught.value)


@given(st.binary(max_size=200), st.binary(min_size=24, max_size=64), st.integers(0, 10**12 - 1))
def test_any_body_verifies_with_its_key_and_with_no_other(body, raw, timestamp):
    headers = signed(body, keys=(SigningKey(raw),), timestamp=timestamp)
    verify(headers, body, keys=(SigningKey(raw),), now=timestamp)
    assert refusal(headers, body + b"!", keys=(SigningKey(raw),), now=timestamp) == "no_match"
