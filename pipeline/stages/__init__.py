"""The stages of a page's way, and the loop that runs them.

`stage.Stage` is the contract; one module a stage; `process.Processor` runs
whatever is due.
"""
