"""Two strict, stateful servers on loopback: a Calendar.com and a HubSpot, for demos, development and tests.

They keep everything in memory, know nothing of the integration that talks to them, and can be told to misbehave in the
ways that the real services are known to misbehave. Start both with :class:`booking_sandbox.server.Sandbox`.
"""
