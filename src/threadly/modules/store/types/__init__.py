"""What may leave the store by its door: frozen and plain, one file per room."""
