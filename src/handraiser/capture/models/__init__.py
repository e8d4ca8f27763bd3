"""Forms and what people sent with them, and what they got for it."""

from handraiser.capture.models.forms import Form, FormPlace, FormVersion, Intent
from handraiser.capture.models.magnets import LeadMagnet, MagnetGrant
from handraiser.capture.models.submissions import Submission

__all__ = ["Form", "FormPlace", "FormVersion", "Intent", "LeadMagnet", "MagnetGrant", "Submission"]
