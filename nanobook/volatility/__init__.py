"""Volatility."""
