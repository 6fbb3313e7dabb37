"""Proof that checkouts are neither lost nor doubled, on a scratch home, while everything breaks."""
