"""What every module stands on. It knows no domain: nothing here may import from `modules` or `web`."""
