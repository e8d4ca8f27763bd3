"""Requests that made the product fail once; `tests/proof/test_fuzz.py` found them."""

from __future__ import annotations

import pytest

from handraiser.collector import shapes


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["x" * 5000, "a%00b", "../../../../etc/passwd", "..%2f..%2fsecret.key"])
def test_a_picture_with_an_impossible_name_is_not_found(client, name):
    assert client.get(f"/media/{name}").status_code == 404


def test_a_body_nested_too_deep_is_refused():
    with pytest.raises(shapes.Unreadable):
        shapes.Sent("track", b'{"a":' * 3000)
