"""Tables in, tables out: readers, blocks of whole records, writers."""
