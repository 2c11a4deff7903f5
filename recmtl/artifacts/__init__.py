"""The only code that touches disk and network. Every promise about damage, kills and full disks is kept here."""
