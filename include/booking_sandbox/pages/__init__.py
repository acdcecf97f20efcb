"""The pages that show a person what is in the sandboxes."""
