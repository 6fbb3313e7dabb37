"""The demo: a small community and its shop, made once, through the verbs."""

from threadly.demo.community import DEMO_PASSWORD, seed_demo

__all__ = ["DEMO_PASSWORD", "seed_demo"]
