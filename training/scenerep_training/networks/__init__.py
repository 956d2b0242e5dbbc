"""The networks that training methods are put together from."""
