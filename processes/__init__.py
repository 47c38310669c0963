"""Daybook as processes on one machine: what `make run` starts, watches and ends."""
