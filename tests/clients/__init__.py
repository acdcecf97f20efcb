"""The clients over real HTTP on this machine."""
