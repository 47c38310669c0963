"""Reports as files that people open: PDF, Excel, CSV. Plain values in, bytes out; no database and no web."""
