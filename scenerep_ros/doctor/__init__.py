"""Diagnosis of the machine and the camera: pure checks of observed facts."""
