"""The import of products: a CSV file as shops export it, row by row, in batches."""
