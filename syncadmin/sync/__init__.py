"""The engine: every decision of a synchronization run, in the standard library only."""
