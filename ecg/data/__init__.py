"""Data: LightningDataModules that serve beats as batches straight from tensors."""
