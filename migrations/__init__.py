"""The one history of the schema. ``neighbour db upgrade`` walks it as the owner's role."""
