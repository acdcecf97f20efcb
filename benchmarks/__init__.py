"""Measured claims: every figure beside what it is measured against, both taken in the same run.

``make bench`` runs them all; ``python -m benchmarks NAME`` runs one.
"""
