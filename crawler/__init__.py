"""What to visit, how politely, how safely; ends when a page's bytes are archived.

Start with `crawler.frontier` (what is due) and `crawler.dispatcher` (the loop
around it). The application uses `crawler.job` and `crawler.launch` only.
"""
