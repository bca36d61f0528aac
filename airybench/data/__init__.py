"""Stores, deposits, splits and the device-resident batches made from them."""
