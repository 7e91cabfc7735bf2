"""Answers of API servers, as recorded from kube-apiserver 1.34 and KubeSlice's controller 1.9."""

from __future__ import annotations

import json

import pytest

from real.failures import ApiFailure, Cause


def answer(status: int, message: str, reason: str = "", causes: list[dict[str, str]] | None = None) -> ApiFailure:
    body = {"kind": "Status", "message": message, "reason": reason, "details": {"causes": causes or []}}
    return ApiFailure.parse(status, json.dumps(body), context="hub")


def test_an_unknown_field_by_server_side_apply_is_a_refusal_though_it_comes_as_500() -> None:
    failure = answer(500, "failed to create typed patch object (default/red; controller.kubeslice.io/v1alpha1, "
                          "Kind=SliceConfig): .spec.foo: field not declared in schema")  # fmt: skip
    assert failure.is_untyped and failure.is_refusal and not failure.is_passing
    assert failure.causes == (Cause(field="spec.foo", message="unknown field"),)


def test_a_wrong_type_names_its_field() -> None:
    failure = answer(500, "failed to create typed patch object (default/d; apps/v1, Kind=Deployment): "
                          ".spec.replicas: expected numeric (int or float), got string")  # fmt: skip
    assert failure.causes == (Cause(field="spec.replicas", message="expected numeric (int or float), got string"),)


def test_strict_decoding_names_every_field() -> None:
    failure = answer(400, 'SliceConfig in version "v1alpha1" cannot be handled as a SliceConfig: strict decoding '
                          'error: unknown field "spec.a", unknown field "spec.b"', "BadRequest")  # fmt: skip
    assert [cause.field for cause in failure.causes] == ["spec.a", "spec.b"]


def test_a_conflict_names_managers_and_fields() -> None:
    causes = [{"field": ".spec.replicas", "message": 'conflict with "autoscaler"', "reason": "FieldManagerConflict"}]
    failure = answer(
        409, 'Apply failed with 1 conflict: conflict with "autoscaler": .spec.replicas', "Conflict", causes
    )
    assert failure.is_field_conflict and failure.managers == ("autoscaler",)
    assert not failure.is_refusal


def test_a_stale_uid_is_no_field_conflict() -> None:
    assert not answer(409, "the UID in the precondition does not match", "Conflict").is_field_conflict


def test_a_webhook_is_named_and_its_words_kept() -> None:
    words = 'SliceConfig.controller.kubeslice.io "t" is invalid: Spec.Clusters: Invalid value: "nope": not registered'
    failure = answer(422, f'admission webhook "vsliceconfig.kb.io" denied the request: {words}')
    assert failure.webhook == "vsliceconfig.kb.io" and failure.is_refusal
    assert failure.words == words


@pytest.mark.parametrize(("status", "reason", "passing"), [
    (429, "TooManyRequests", True), (503, "ServiceUnavailable", True), (504, "Timeout", True),
    (500, "ServerTimeout", True), (500, "InternalError", False), (403, "Forbidden", False),
])  # fmt: skip
def test_what_is_worth_another_try(status: int, reason: str, passing: bool) -> None:
    assert answer(status, "x", reason).is_passing == passing


def test_rbac_is_told_from_other_403s() -> None:
    assert answer(403, 'clusters is forbidden: User "u" cannot list resource "clusters"', "Forbidden").is_forbidden
    assert not answer(403, "exceeded quota: pods", "Forbidden").is_forbidden
    assert answer(401, "Unauthorized", "Unauthorized").is_forbidden


@pytest.mark.parametrize("body", ["", "<html>" + "x" * 900, "[1]", b"\xff"])
def test_what_is_no_status_becomes_a_short_message(body: str | bytes) -> None:
    failure = ApiFailure.parse(502, body, context="hub")
    assert 0 < len(failure.message) <= 200
    assert str(failure).startswith("the API server of context 'hub' answers 502 Bad Gateway: ")
