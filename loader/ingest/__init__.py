"""Files to rows, rows to tables: plain Python, one module a file format. Refuses django, printing and guessing."""
