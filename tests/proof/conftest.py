"""The long runs use the same firm and the same mail server as the journeys."""

from tests.journeys.conftest import northlight, northlight_home, postbox

__all__ = ["northlight", "northlight_home", "postbox"]
