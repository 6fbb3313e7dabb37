"""What somebody sees who opens the address in a browser."""

from threadly.sandbox.cards import CARDS

__all__ = ["PAGE"]

_ROWS = "".join(f"<tr><td><code>{token}</code><td>{card.about}" for token, card in CARDS.items())

PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Payment sandbox</title>
<style>body{{font:1rem/1.5 system-ui;max-width:44rem;margin:2rem auto}}td{{padding-right:2rem}}</style>
<h1>Payment sandbox</h1>
<p>A payment processor for development: it charges nothing. Threadly talks to it as to any other.
<p>These test cards can be paid with:
<table>{_ROWS}</table>
</html>
"""
