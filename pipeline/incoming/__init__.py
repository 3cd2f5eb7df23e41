"""Pages that others fetched, out of their files: WARC, saved pages, mails.

`files.read_file` is the way in. Everything here reads hostile or broken bytes in
bounded memory: a record that cannot be read is passed over with its reason, and
reading goes on where the file allows it.
"""
