"""A news world of our own: fictional publications around real facts.

Its texts are written for demonstration and tests. The publications do not exist;
nothing here is a quotation of a real outlet or office.
"""
