"""Forms and what people sent with them, and what they got for it."""

from handraiser.capture.models.forms import Form, FormVersion, FormViews, Intent
from handraiser.capture.models.magnets import LeadMagnet, MagnetGrant
from handraiser.capture.models.submissions import Submission

__all__ = ["Form", "FormVersion", "FormViews", "Intent", "LeadMagnet", "MagnetGrant", "Submission"]
