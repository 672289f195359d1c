"""The objects that the documents of these tests speak of."""

from automations.fields import ObjectDefinition

LEAD = ObjectDefinition.model_validate(
    {
        "api_name": "lead",
        "name": "Lead",
        "fields": [
            {"name": "country", "type": "dropdown", "options": ["DE", "AT"]},
            {"name": "status", "type": "text", "required": True},
            {"name": "seats", "type": "integer"},
            {"name": "budget", "type": "money"},
            {"name": "born", "type": "date"},
            {"name": "topics", "type": "tags"},
            {"name": "company", "type": "relationship", "object": "account"},
            {"name": "parent", "type": "relationship", "object": "elsewhere"},
            {"name": "team", "type": "team_selector", "many": True},
        ],
        "stages": ["New", "Won"],
    }
)
ACCOUNT = ObjectDefinition.model_validate(
    {
        "api_name": "account",
        "name": "Account",
        "fields": [{"name": "tier", "type": "text"}, {"name": "group", "type": "relationship", "object": "account"}],
    }
)
OBJECTS = {"lead": LEAD, "account": ACCOUNT}
