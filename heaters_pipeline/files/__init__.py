"""Files on this machine: scratch folders, locks, digests."""
