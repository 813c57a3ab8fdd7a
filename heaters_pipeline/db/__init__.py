"""Tables and the queries over them: one module per aggregate.

Functions take a session and never commit: the caller holds the transaction
(`with transaction(engine) as session`).
"""
