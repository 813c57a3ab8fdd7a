"""The API below /api/v1: typed operations, the document that describes them, and what all share."""
