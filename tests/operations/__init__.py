"""What operators do: backups, another secret key, upgrades, and what they watch."""
