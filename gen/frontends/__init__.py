"""Front ends: from what others write to a chain of float layers."""
