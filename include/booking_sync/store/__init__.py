"""The mapping database: what we recorded, what we intend, and what came of it."""
