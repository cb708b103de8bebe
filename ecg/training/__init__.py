"""Training: the LightningModule, losses, schedules, checkpoints, tracking and provenance."""
