"""Experiments: what the physics claims, trained and counted, with a number and a figure at the end."""
