"""The steps of an automation, one module a group; `Step` is any of them, told apart by `type`.

To add one to a group, write its model there and add it to that module's union: this file stays as it is.
"""

from typing import Annotated, get_args

from pydantic import Field

from automations.steps.automations import AutomationStep
from automations.steps.base import StepBase
from automations.steps.control import ControlStep, LaneSteps
from automations.steps.crm_activities import CrmActivityStep
from automations.steps.fields import FieldStep
from automations.steps.goals import GoalStep
from automations.steps.integration import IntegrationStep
from automations.steps.mails import MailStep
from automations.steps.related import RelatedStep
from automations.steps.team import TeamStep
from automations.steps.texts import TextStep
from automations.steps.variables import InitializeVariable, VariableStep

AnyStep = (
    ControlStep
    | GoalStep
    | AutomationStep
    | VariableStep
    | FieldStep
    | RelatedStep
    | TeamStep
    | CrmActivityStep
    | MailStep
    | TextStep
    | IntegrationStep
)
Step = Annotated[AnyStep, Field(discriminator="type")]
FlowStep = AnyStep | InitializeVariable
"""What an execution can stand before: the variables run first, as steps of their own."""

# Some steps hold steps, themselves among them: the name they use for them is known only here.
for holder in (LaneSteps, *get_args(AnyStep)):
    holder.model_rebuild(_types_namespace={"AnyStep": AnyStep})

STEP_TYPES: dict[str, type[StepBase]] = {kind.model_fields["type"].default: kind for kind in get_args(AnyStep)}
"""Every type that may stand among the steps, by its name."""
