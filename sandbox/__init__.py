"""Stand-ins of the providers over real HTTP, so that a fresh clone works with no credentials.

Development only. Nothing of Daybook is imported here, and Daybook imports nothing of this.
"""
