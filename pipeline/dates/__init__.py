"""Reads dates: ISO 8601 and the days in addresses, and dates as people write them.

For feeds and listings (`crawler`) and for pages (`pipeline.extraction`) alike.
"""
