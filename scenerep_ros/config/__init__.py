"""Options of the runtime, their validation and their documentation."""
