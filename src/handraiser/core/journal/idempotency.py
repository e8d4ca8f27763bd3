"""Writes that a program may repeat: the first answer is kept with the change itself and given again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.models import IdempotentReply
from handraiser.kit import rows
from handraiser.kit.errors import DomainError


def once(
    *,
    scope: str,
    key: str,
    request: Any,
    at: datetime,
    work: Callable[[], tuple[int, dict[str, Any]]],
) -> tuple[int, dict[str, Any]]:
    """Do `work` once for this key and keep its answer (status, JSON body) in the same transaction.

    Without a key the work is simply done. Raises DomainError("key_reused") when the key was used for another
    request. A failing `work` keeps nothing, so that it can be tried again.
    """
    if not key:
        with transaction.atomic(), outbox.gathering():
            return work()
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    try:
        with transaction.atomic(), outbox.gathering():
            known = _known(scope, key, digest)
            if known is not None:
                return known
            status, reply = work()
            kept = IdempotentReply(
                scope=scope,
                key=key,
                request_hash=digest,
                status=status,
                reply=json.dumps(reply, default=str),
                at=at,
            )
            rows.insert([kept])
            return status, reply
    except IntegrityError:
        # The same request came twice at once and the other was faster; ours was rolled back.
        known = _known(scope, key, digest)
        if known is None:
            raise
        return known


def _known(scope: str, key: str, digest: str) -> tuple[int, dict[str, Any]] | None:
    kept = rows.values(IdempotentReply, ["request_hash", "status", "reply"], {"scope": scope, "key": key})
    if not kept:
        return None
    request_hash, status, reply = kept[0]
    if request_hash != digest:
        raise DomainError("key_reused", "This idempotency key was used for another request.", kind="conflict")
    return status, json.loads(reply)
