"""Freezes an answer, so that years later somebody can say what was found.

`contract` is what a snapshot says, `files` how it is written and read, `asking` one
view of the index that all of it is taken from, `making` a snapshot out of that view,
`comparing` what differs between two, `verifying` what this workspace no longer has.
"""
