"""Training loop: trainer, saved states, seeding, distributed processes and export."""
